import { constants, existsSync } from 'node:fs';
import { access, type FileHandle, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FifoStdio } from '../../../src/cio/fifo-stdio.js';
import { createLogger } from '../../../src/log/logger.js';
import type { LinuxResources, OciNamespace } from '../../../src/oci/runtime-spec.js';
import { cgroup1FoldersAt } from '../../../src/platform/cgroup1-folders.js';
import { makeFifos } from '../../../src/platform/fifo.js';
import { packAny, packJson } from '../../../src/protocol/any.js';
import { RuncOptions } from '../../../src/protocol/gen/containerd/options/linux_runc.js';
import type { Any } from '../../../src/protocol/gen/google/protobuf/any.js';
import type { RpcCallOptions } from '../../../src/protocol/method.js';
import { BundleStore } from '../../../src/shim/bundle-store.js';
import type { Shim, ShimParams } from '../../../src/shim/shim.js';
import { shimV1 } from '../../../src/shimv1/index.js';
import { socketPath } from '../../../src/shimv1/socket.js';
import { endLeftovers, leftovers } from '../host/leftovers.js';
import { makeRootfs } from '../host/rootfs.js';
import { containerSpec } from '../host/spec.js';

export const FOREVER: RpcCallOptions = { timeoutMs: 60_000 };
export const SIGKILL = 9;
export const SIGTERM = 15;

export interface BoxOptions {
  readonly args: readonly string[];
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly resources?: LinuxResources;
  /** Without a pid namespace of its own. */
  readonly sharesPids?: boolean;
}

/** A folder with a root file system and bundles, and shims of API v1 for them. */
export class V1Host {
  readonly folder: string;
  readonly rootfs: string;
  readonly bundles: BundleStore;
  readonly #boxes: Box[] = [];

  private constructor(folder: string, rootfs: string) {
    this.folder = folder;
    this.rootfs = rootfs;
    this.bundles = new BundleStore(join(folder, 'bundles'));
  }

  static async start(): Promise<V1Host> {
    const folder = await mkdtemp('/tmp/lcd-');
    await mkdir(join(folder, 'stdio'));
    return new V1Host(folder, await makeRootfs(join(folder, 'rootfs')));
  }

  /** A container to be: bundle and parameters, nothing started. */
  async box(id: string, options: BoxOptions): Promise<Box> {
    const { args, terminal = false, stdin = false, resources, sharesPids = false } = options;
    const process = { args, cwd: '/', env: ['PATH=/bin'], terminal };
    const plain = containerSpec({ rootfs: 'rootfs', process, ...(resources === undefined ? {} : { resources }) });
    const namespaces = plain.linux?.namespaces?.filter(({ type }: OciNamespace) => !sharesPids || type !== 'pid') ?? [];
    const spec = { ...plain, linux: { ...plain.linux, namespaces } };
    const bundle = await this.bundles.create({ namespace: 'test', id, spec });
    const launch = { runtime: 'runc', runtimeRoot: join(this.folder, 'runc'), criuPath: '', systemdCgroup: false };
    const params: ShimParams = {
      namespace: 'test',
      id,
      bundle,
      binary: '/usr/bin/containerd-shim',
      options: packAny('containerd.linux.runc.RuncOptions', RuncOptions, launch),
      eventSocket: join(this.folder, 'events.sock'),
      address: join(this.folder, 'engine.sock'),
      publisher: '/bin/true',
      debug: false,
      log: createLogger(),
    };
    const box = new Box(this, params, spec.linux.cgroupsPath ?? '', { terminal, stdin });
    this.#boxes.push(box);
    return box;
  }

  /** Makes a FIFO and keeps it open, so that whoever opens it to write need not wait. */
  async holdFifo(path: string): Promise<FileHandle> {
    await makeFifos([path]);
    return open(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Ends everything; then fails when something was left. */
  async stop(): Promise<void> {
    const left: string[] = [];
    for (const box of this.#boxes) {
      left.push(...(await box.leftovers()));
      await box.forget();
    }
    left.push(...(await leftovers(this.folder)));
    await endLeftovers(this.folder);
    if (left.length > 0) throw new Error(`the tests left behind: ${left.join('; ')}`);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One container of a `V1Host`. */
export class Box {
  readonly params: ShimParams;
  readonly cgroup: string;
  readonly #host: V1Host;
  readonly #stdio: { readonly terminal: boolean; readonly stdin: boolean };

  constructor(host: V1Host, params: ShimParams, cgroup: string, stdio: { terminal: boolean; stdin: boolean }) {
    this.#host = host;
    this.params = params;
    this.cgroup = cgroup;
    this.#stdio = stdio;
  }

  get id(): string {
    return this.params.id;
  }

  get socket(): string {
    return socketPath(this.params);
  }

  /** Starts a shim and creates the task in it. Its stdio is open. */
  async create(options?: Any): Promise<{ shim: Shim; stdio: FifoStdio; pid: number }> {
    const shim = await shimV1.start(this.params);
    const { terminal, stdin } = this.#stdio;
    const stdio = await this.stdioOf(this.id, { terminal, stdin });
    const rootfs = [{ type: 'bind', source: this.#host.rootfs, target: '', options: ['rbind', 'rw'] }];
    const request = { id: this.id, bundle: this.params.bundle.path, rootfs, checkpoint: '', parentCheckpoint: '' };
    const { pid } = await shim.tasks.create({ ...request, ...stdio.config, options });
    stdio.peerOpened();
    stdio.setCloseStdin(async () => {
      await shim.tasks.closeIO({ id: this.id, execId: '', stdin: true });
    });
    return { shim, stdio, pid };
  }

  async run(): Promise<{ shim: Shim; stdio: FifoStdio; pid: number }> {
    const created = await this.create();
    await created.shim.tasks.start(this.task);
    return created;
  }

  /** The task's first process, as requests name it. */
  get task(): { id: string; execId: string } {
    return { id: this.id, execId: '' };
  }

  exec(execId: string): { id: string; execId: string } {
    return { id: this.id, execId };
  }

  stdioOf(processId: string, options: { terminal: boolean; stdin: boolean }): Promise<FifoStdio> {
    return FifoStdio.create({ dir: join(this.#host.folder, 'stdio'), processId, ...options });
  }

  /** Kills, deletes and shuts down; removes the bundle. */
  async end({ shim, stdio }: { shim: Shim; stdio: FifoStdio }): Promise<void> {
    await shim.tasks.kill({ ...this.task, signal: SIGKILL, all: false }).catch(() => {});
    await shim.tasks.wait(this.task, FOREVER);
    await shim.tasks.delete(this.task);
    await shim.tasks.shutdown({ id: this.id, now: false });
    await shim.closed;
    await stdio.close();
  }

  /** Cgroups and the socket, which `leftovers` of the host does not look for. */
  async leftovers(): Promise<string[]> {
    const folders = [...(await cgroup1FoldersAt(this.cgroup))].filter((folder) => existsSync(folder));
    const sockets = (await exists(this.socket)) ? [this.socket] : [];
    return [...folders.map((folder) => `cgroup ${folder}`), ...sockets.map((path) => `socket ${path}`)];
  }

  /** Also for a failed test: the container ends and its bundle is removed. */
  async forget(): Promise<void> {
    if (await exists(this.params.bundle.path)) {
      await shimV1.cleanup(this.params);
      await this.#host.bundles.remove(this.params.bundle);
    }
  }
}

export function processSpec(args: readonly string[], terminal = false): Any {
  return packJson('Process', { args, cwd: '/', env: ['PATH=/bin'], terminal });
}

export async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
