/** Whether the container of a log runs, so that those who follow know whether to wait. */
export class RunLife {
  #isRunning = false;
  #runs = 0;

  get isRunning(): boolean {
    return this.#isRunning;
  }

  begin(): void {
    if (!this.#isRunning) this.#runs += 1;
    this.#isRunning = true;
  }

  end(): void {
    this.#isRunning = false;
  }

  /**
   * Tells, for one who follows from now on, whether more may come: while the run goes on, and no other one after it.
   * @param waitForRun the next run will do when there is none now
   */
  follow(waitForRun: boolean): () => boolean {
    const run = this.#isRunning ? this.#runs : this.#runs + 1;
    const isWaiting = waitForRun && !this.#isRunning;
    return () => (this.#isRunning && this.#runs === run) || (isWaiting && this.#runs < run);
  }
}
