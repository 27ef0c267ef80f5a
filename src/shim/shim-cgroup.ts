/** Moves a process into an existing cgroup: every mounted hierarchy that has it (v1), or the one there is (v2). */
export declare function joinCgroup(pid: number, path: string): Promise<void>;
