import { closeSync, fstatSync, openSync, readSync, renameSync, type Stats, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { PermissionDeniedError } from '../../../errdefs/index.js';
import { makeFolder as makeFolders } from '../../../platform/make-folder.js';

const OTHERS_WRITE = 0o002;

/**
 * Makes the folder if it is not there, and checks that nobody else can put things into it.
 *
 * @throws PermissionDeniedError `ERR_STATE_DIR`
 */
export function makeFolder(path: string): void {
  let stats: Stats;
  try {
    makeFolders(path, 0o711);
    stats = statSync(path);
  } catch (err) {
    throw folderError(path, 'it cannot be made', err);
  }
  const uid = process.geteuid?.() ?? stats.uid;
  if (stats.uid !== uid) throw folderError(path, `user ${stats.uid} owns it, not ${uid}`);
  if ((stats.mode & OTHERS_WRITE) !== 0) throw folderError(path, 'everybody may write to it');
}

/** Replaces the file in one step. @throws PermissionDeniedError `ERR_STATE_DIR` */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (err) {
    throw folderError(path, 'it cannot be written', err);
  }
}

function folderError(path: string, problem: string, cause?: unknown): PermissionDeniedError {
  return new PermissionDeniedError(`use ${path} for containerd: ${problem}`, {
    code: 'ERR_STATE_DIR',
    cause,
    fields: { path },
  });
}

const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 10;

/** The last lines that were added to a file after `offset`. Empty when it cannot be read. */
export function tailOf(path: string, offset: number): string[] {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(Math.min(offset, size), size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    const length = readSync(fd, buffer, 0, buffer.length, from);
    const lines = buffer.toString('utf8', 0, length).split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-TAIL_LINES);
  } catch {
    return [];
  } finally {
    closeSync(fd);
  }
}
