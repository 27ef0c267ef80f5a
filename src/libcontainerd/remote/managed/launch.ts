import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { CanceledError, type EngineError, UnavailableError } from '../../../errdefs/index.js';
import { commandLine } from '../../../platform/process.js';
import { identify, type ProcessIdentity } from '../../../platform/process-identity.js';
import { configText } from './config.js';
import { type DaemonProcess, spawnDaemon, watchDaemon } from './daemon-process.js';
import { replaceFile, tailOf } from './folders.js';
import { kill, waitReady } from './health.js';
import type { Settings } from './options.js';
import { livingProcessOf, writePidfile } from './pidfile.js';
import { isListening } from './probe.js';
import type { ContainerdVersion } from './version.js';
import { settlesWithin } from './wait.js';

const DIAL_TIMEOUT_MS = 1_000;
const END_WAIT_MS = 5_000;
const CONFIG_FLAG = '--config';

/**
 * Writes the configuration, starts containerd and waits until it answers. When it does not, it is killed. When the
 * signal fires it is left as it is, and known by `onSpawn` and its pidfile.
 *
 * @throws UnavailableError `ERR_CONTAINERD_START` with the last lines of its log; CanceledError
 */
export async function launch(
  settings: Settings,
  version: ContainerdVersion,
  signal: AbortSignal,
  onSpawn: (daemon: DaemonProcess) => void,
): Promise<DaemonProcess> {
  const { address, logPath, logger } = settings;
  replaceFile(settings.configPath, configText(version, { ...settings.tuning, ...settings }));
  if (await isListening(address, DIAL_TIMEOUT_MS)) {
    throw startError(settings, `something else listens at ${address}`);
  }
  removeSockets(settings);
  if (signal.aborted) throw gaveUp();
  const daemon = await spawnDaemon({
    binary: settings.binary,
    args: [CONFIG_FLAG, settings.configPath],
    env: settings.env,
    logPath,
  }).catch((err: unknown) => {
    throw startError(settings, `cannot run ${settings.binary}`, err);
  });
  onSpawn(daemon);
  if (daemon.identity !== undefined) writePidfile(settings.pidfilePath, daemon.identity);
  logger.debug({ pid: daemon.pid, version: version.text }, 'containerd started');

  const readiness = await waitReady(settings, daemon, settings.startupTimeoutMs, signal);
  if (readiness === 'ready') return daemon;
  if (readiness === 'aborted') throw gaveUp();
  const what =
    readiness === 'late' ? `it did not answer in ${settings.startupTimeoutMs} ms` : `it ${await daemon.ended}`;
  await kill(daemon);
  throw startError(settings, what, undefined, tailOf(logPath, daemon.logOffset));
}

function startError(settings: Settings, what: string, cause?: unknown, logTail: readonly string[] = []): EngineError {
  const lines = logTail.length === 0 ? '' : `; last lines of ${settings.logPath}:\n${logTail.join('\n')}`;
  return new UnavailableError(`start containerd: ${what}${lines}`, {
    code: 'ERR_CONTAINERD_START',
    cause,
    fields: { path: settings.logPath, logTail },
  });
}

function gaveUp(): CanceledError {
  return new CanceledError('start containerd: the supervisor was stopped meanwhile');
}

/** Removes what must not be there when our containerd does not run. A socket that somebody else took over stays. */
export async function removeRunFiles(settings: Settings): Promise<void> {
  rmSync(settings.pidfilePath, { force: true });
  if (!(await isListening(settings.address, DIAL_TIMEOUT_MS))) removeSockets(settings);
}

function removeSockets(settings: Settings): void {
  for (const path of [settings.address, settings.ttrpcAddress]) rmSync(path, { force: true });
}

/**
 * Takes over the containerd that an earlier supervisor of these folders left, if it lives and answers. One that does
 * not answer is killed, for it has the root open and no other could start.
 */
export async function adopt(settings: Settings, signal: AbortSignal): Promise<DaemonProcess | undefined> {
  const { health, logger } = settings;
  const identity = await findLeft(settings);
  if (identity === undefined) return undefined;
  const daemon = watchDaemon(identity);
  // As much patience as with one that runs; it may also have been started just now.
  const limitMs = Math.min(settings.startupTimeoutMs, health.timeoutMs * health.failures);
  const readiness = await waitReady(settings, daemon, limitMs, signal);
  if (readiness === 'ready') {
    writePidfile(settings.pidfilePath, identity);
    return daemon;
  }
  if (readiness === 'late') {
    logger.warn({ pid: daemon.pid }, 'the containerd left by an earlier process does not answer, it is killed');
    await kill(daemon);
  }
  daemon.unwatch();
  if (readiness === 'aborted') throw gaveUp();
  return undefined;
}

/** By the pidfile; or by looking at all processes, for who started it may have died before it wrote the pidfile. */
async function findLeft(settings: Settings): Promise<ProcessIdentity | undefined> {
  const named = livingProcessOf(settings.pidfilePath);
  if (named !== undefined) {
    const args = await commandLine(named.pid);
    if (usesConfig(args, settings.configPath)) return named;
    // It is just ending: until its last thread is gone it has the root open, and no other could start.
    if (args?.length === 0) await untilEnded(named);
  }
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !usesConfig(await commandLine(pid), settings.configPath)) continue;
    const identity = identify(pid);
    if (identity !== undefined) return identity;
  }
  return undefined;
}

async function untilEnded(identity: ProcessIdentity): Promise<void> {
  const daemon = watchDaemon(identity);
  await settlesWithin(daemon.ended, END_WAIT_MS);
  daemon.unwatch();
}

/** Nobody else starts a daemon with our configuration file, so whoever did is ours. A script may stand before it. */
function usesConfig(args: readonly string[] | undefined, configPath: string): boolean {
  return args !== undefined && args.length > 2 && args.at(-2) === CONFIG_FLAG && args.at(-1) === configPath;
}
