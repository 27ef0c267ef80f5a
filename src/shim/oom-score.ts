/** Lets the kernel end the process a little sooner than this one. */
export declare function adjustOomScore(pid: number): Promise<void>;
