import { randomUUID } from 'node:crypto';
import { readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineError, InternalError, toEngineError } from '../errdefs/index.js';
import { makeFolder } from './make-folder.js';
import { identify, lives, type ProcessIdentity } from './process-identity.js';

const TRIES = 4;
const RETRY_MS = 25;

export interface Lock {
  /** Gives it back. Safe to call twice. */
  release(): void;
}

/**
 * Takes the lock that a folder of this name is, made with those above it where it is missing. It dies with the process,
 * and is held once, also within one process. Waits 0.3 s at most, for contenders that withdraw.
 *
 * Every contender puts a claim into the folder, a file named after its process, and then looks at the others: with a
 * living one among them it withdraws. Of two at least one sees the other, so never do both have it. Claims of dead
 * processes are removed; as no two claims ever have the same name, that cannot hit a new one, which a single lock file
 * that is replaced when stale cannot give.
 *
 * @param busy makes the error for a lock that the process `pid` has
 * @throws the error that `busy` makes; an EngineError by the errno when the folder cannot be made or written
 */
export async function acquireFolderLock(folder: string, busy: (pid: number) => EngineError): Promise<Lock> {
  const self = identify(process.pid);
  if (self === undefined)
    throw new InternalError('take the lock: /proc does not show this process', { fields: { path: folder } });
  for (let attempt = 1; ; attempt++) {
    const claim = `${self.pid}.${self.startTime}.${self.bootId}.${randomUUID()}`;
    const holder = claimAndLook(folder, claim);
    if (holder === undefined) return { release: () => removeClaim(folder, claim) };
    removeClaim(folder, claim);
    if (attempt === TRIES) throw busy(holder.pid);
    // It may be another contender that withdraws as well: not both again at the same moment.
    await sleep(RETRY_MS + Math.random() * RETRY_MS * 2);
  }
}

/** Puts the claim into the folder, and gives the holder of another one. */
function claimAndLook(folder: string, claim: string): ProcessIdentity | undefined {
  try {
    putClaim(folder, claim);
    return findOther(folder, claim);
  } catch (err) {
    removeClaim(folder, claim);
    throw toEngineError(err, `take the lock ${folder}`);
  }
}

function putClaim(folder: string, claim: string): void {
  for (let attempt = 1; ; attempt++) {
    makeFolder(folder, 0o700);
    try {
      writeFileSync(join(folder, claim), '', { flag: 'wx', mode: 0o600 });
      return;
    } catch (err) {
      // Somebody that gave the lock back removed the folder in between.
      const gone = err instanceof Error && 'code' in err && err.code === 'ENOENT';
      if (!gone || attempt === TRIES) throw err;
    }
  }
}

function findOther(folder: string, own: string): ProcessIdentity | undefined {
  for (const name of readdirSync(folder)) {
    if (name === own) continue;
    const identity = parseClaim(name);
    if (identity === undefined) continue;
    if (lives(identity)) return identity;
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

function parseClaim(name: string): ProcessIdentity | undefined {
  const match = /^(\d+)\.(\d+)\.([0-9a-f-]*)\.[0-9a-f-]+$/.exec(name);
  if (match === null) return undefined;
  const [, pid, startTime, bootId = ''] = match;
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}

function removeClaim(folder: string, claim: string): void {
  try {
    rmSync(join(folder, claim), { force: true });
    rmdirSync(folder);
  } catch {
    // Not empty: others claim it. Or not ours to write, and then the claim dies with this process.
  }
}
