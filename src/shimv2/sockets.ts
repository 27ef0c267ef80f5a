import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { parseSpec } from '../oci/parse-spec.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import type { Bundle } from '../shim/bundle.js';
import type { ShimParams } from '../shim/shim.js';
import { TIMEOUTS } from './timeouts.js';

const SOCKET_FOLDER = '/run/containerd/s';
/** The first that is there names the group whose containers share a shim. */
const GROUP_ANNOTATIONS = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id'];

/** The spec in the bundle; `undefined` when it is not there or is none: a cleanup goes on without. */
export async function specOf(bundle: Bundle): Promise<OciSpec | undefined> {
  try {
    const document: unknown = JSON.parse(await readFile(join(bundle.path, 'config.json'), 'utf8'));
    const parsed = parseSpec(document);
    return 'spec' in parsed ? parsed.spec : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where a shim made with containerd's framework puts its sockets, the debug socket too: for those that died before
 * they said so. Upstream: `SocketAddress` of containerd pkg/shim.
 */
export function expectedSockets(params: ShimParams, spec: OciSpec | undefined): string[] {
  const annotations = spec?.annotations ?? {};
  const group = GROUP_ANNOTATIONS.map((name) => annotations[name]).find((value) => value !== undefined) ?? params.id;
  const nameOf = (...parts: string[]) =>
    join(
      SOCKET_FOLDER,
      createHash('sha256')
        .update(join(...parts))
        .digest('hex'),
    );
  const { address, namespace } = params;
  return [nameOf(address, namespace, group), nameOf(address, namespace, group, 'debug')];
}

/** The path of an address that is a file; `undefined` for abstract sockets and those of virtual machines. */
export function socketFile(address: string): string | undefined {
  return address.startsWith('unix:///') ? address.slice('unix://'.length) : undefined;
}

/**
 * Removes the files of sockets that nobody listens at. Those that accept, or do not answer at once, stay, and one that
 * a new shim has bound meanwhile.
 */
export async function removeDeadSockets(paths: Iterable<string>): Promise<void> {
  await Promise.all([...new Set(paths)].map((path) => removeIfRefused(path)));
}

/** As `removeDeadSockets`, for a shim whose connection has ended: its process may be a moment from its own end. */
export async function removeEndedSocket(path: string): Promise<void> {
  // The end of what was let in is that of the process, or of nothing: then the shim lives, and keeps its socket.
  if ((await knock(path, 'until it ends')) === 'ended') await knock(path, 'until it ends');
  await removeIfRefused(path);
}

/** Whether it is certain that nobody listens at any of them. */
export async function noneListens(paths: Iterable<string>): Promise<boolean> {
  const answers = await Promise.all([...new Set(paths)].map((path) => knock(path)));
  return answers.every((answer) => answer === 'refused' || answer === 'absent');
}

async function removeIfRefused(path: string): Promise<void> {
  const knocked = statSync(path, { bigint: true, throwIfNoEntry: false });
  if ((await knock(path)) !== 'refused') return;
  // At once after another, with no turn of the event loop between.
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined || found.ino !== knocked?.ino || found.ctimeNs !== knocked.ctimeNs) return;
  rmSync(path, { force: true });
}

type Answer = 'accepted' | 'ended' | 'refused' | 'absent' | 'unknown';

function knock(path: string, wait?: 'until it ends'): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    let isAccepted = false;
    const timer = setTimeout(() => settle(isAccepted ? 'accepted' : 'unknown'), TIMEOUTS.knockMs);
    const settle = (answer: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => {
      isAccepted = true;
      if (wait === undefined) settle('accepted');
      else socket.resume();
    });
    socket.once('end', () => settle('ended'));
    socket.on('error', (err) => {
      const code = 'code' in err ? err.code : undefined;
      if (isAccepted) settle('ended');
      else settle(code === 'ECONNREFUSED' ? 'refused' : code === 'ENOENT' ? 'absent' : 'unknown');
    });
  });
}
