import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toEngineError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import { type KernelLogLine, parseKernelLogLine } from './kernel-log-line.js';

/** One process that the kernel has killed, or is about to kill, for want of memory. */
export interface KernelOomKill {
  /** Of the log's record that told it first. */
  readonly sequence: number;
  /** In the initial pid namespace. */
  readonly pid: number;
  readonly name: string;
  /** The victim's memory cgroup, below the root of the hierarchy. `undefined` when the kernel, which limits its own rate of writing, left it out. */
  readonly cgroup: string | undefined;
  /** False while only the choice was written; nearly always it is killed then. */
  readonly killed: boolean;
}

/** What is asked of a kernel log. */
export interface OomKillLog {
  /** The sequence number of the last record read; -1 for none. What comes later has a higher one. */
  readonly mark: number;
  /** The kills of which is known, the oldest first, after a look at what was written meanwhile. Never rejects. */
  kills(): Promise<readonly KernelOomKill[]>;
}

export interface KernelLogOptions {
  readonly log: Logger;
  /** @default '/dev/kmsg' */
  readonly path?: string | undefined;
  /** Where our namespaces are named, for tests. @default '/proc/self/ns' */
  readonly namespaces?: string | undefined;
}

/** The longest record is 8 KiB; one read gives one. */
const RECORD_MAX_BYTES = 8192;
const KILLS_MAX = 1000;
/** About a millisecond; then others have their turn. */
const READS_PER_TURN = 200;
/** Somebody may write faster than we read. */
const READS_MAX = 200_000;
/** Fixed numbers of the kernel's, of the first namespace of each kind (include/linux/proc_ns.h). */
const INITIAL_NAMESPACES = ['pid:[4026531836]', 'cgroup:[4026531835]'] as const;

/**
 * The kernel's log, for who was OOM-killed. One an engine.
 *
 * It is read when somebody asks: libuv takes the device for a file, so it cannot be watched, and a blocking read would
 * hold one of its threads for ever. Nothing is lost by that: the records wait in the kernel, for all readers, until its
 * buffer is full.
 */
export class KernelLog implements OomKillLog {
  readonly #log: Logger;
  readonly #kills: KernelOomKill[] = [];
  readonly #buffer = Buffer.alloc(RECORD_MAX_BYTES);
  #fd: number | undefined;
  #mark = -1;
  #reading: Promise<void> | undefined;

  private constructor(fd: number, log: Logger) {
    this.#fd = fd;
    this.#log = log;
  }

  /**
   * Opens the log and reads what is in it. `undefined` where it cannot be read or would not be understood: no such
   * device, no permission (`kernel.dmesg_restrict` without CAP_SYSLOG), or pids and cgroups have other names here, in
   * namespaces below the first. Never rejects.
   */
  static async open(options: KernelLogOptions): Promise<KernelLog | undefined> {
    const { log, path = '/dev/kmsg', namespaces = '/proc/self/ns' } = options;
    let fd: number;
    try {
      if (!isInitial(namespaces)) {
        log.debug({}, 'victims of oom kills stay unknown: not in the initial namespaces');
        return undefined;
      }
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (err) {
      log.debug({ err: toEngineError(err, "open the kernel's log") }, 'victims of oom kills stay unknown');
      return undefined;
    }
    const kernelLog = new KernelLog(fd, log);
    await kernelLog.kills();
    return kernelLog;
  }

  get mark(): number {
    return this.#mark;
  }

  async kills(): Promise<readonly KernelOomKill[]> {
    // A look under way may have passed the place where the newest kill is by now.
    await this.#reading;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return [...this.#kills];
  }

  /** Idempotent. What was read stays known. */
  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  async #read(): Promise<void> {
    for (let reads = 1; reads <= READS_MAX; reads++) {
      const text = this.#readRecord();
      if (text === undefined) return;
      for (const line of text.split('\n')) {
        const parsed = parseKernelLogLine(line);
        if (parsed !== undefined) this.#take(parsed);
      }
      if (reads % READS_PER_TURN === 0) await nextTurn();
    }
  }

  /** `undefined` when there is no more; '' for records that were overwritten before we came. */
  #readRecord(): string | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, null);
      return length === 0 ? undefined : this.#buffer.toString('latin1', 0, length);
    } catch (err) {
      const errno = err instanceof Error && 'code' in err ? err.code : undefined;
      if (errno === 'EAGAIN') return undefined;
      if (errno === 'EPIPE') return '';
      this.#log.warn(
        { err: toEngineError(err, "read the kernel's log") },
        'victims of oom kills are unknown from now on',
      );
      this.close();
      return undefined;
    }
  }

  #take(line: KernelLogLine): void {
    this.#mark = line.sequence;
    if (line.says === 'other') return;
    const { sequence, pid, name, cgroup } = line;
    const chosen = this.#kills.at(-1);
    // One kill at a time, under a lock: what was chosen last is what is killed next.
    if (line.says === 'kill' && chosen?.pid === pid && !chosen.killed) {
      this.#kills[this.#kills.length - 1] = { ...chosen, killed: true };
      return;
    }
    this.#kills.push({ sequence, pid, name, cgroup, killed: line.says === 'kill' });
    if (this.#kills.length > KILLS_MAX) this.#kills.shift();
  }
}

function isInitial(folder: string): boolean {
  return INITIAL_NAMESPACES.every((name) => readlinkSync(join(folder, name.slice(0, name.indexOf(':')))) === name);
}
