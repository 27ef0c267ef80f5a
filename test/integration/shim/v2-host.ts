import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../../src/log/logger.js';
import type { LinuxResources, OciSpec } from '../../../src/oci/runtime-spec.js';
import { packAny, packJson } from '../../../src/protocol/any.js';
import { Options } from '../../../src/protocol/gen/containerd/options/runc.js';
import { EventsDefinition } from '../../../src/protocol/gen/containerd/services/events_ttrpc.js';
import { CreateTaskRequest, ExecProcessRequest } from '../../../src/protocol/gen/containerd/shim/task_v2.js';
import type { Envelope } from '../../../src/protocol/gen/containerd/types/types.js';
import { Mount } from '../../../src/protocol/gen/containerd/types/types.js';
import { TtrpcServer } from '../../../src/protocol/ttrpc/index.js';
import type { Bundle } from '../../../src/shim/bundle.js';
import { BundleStore } from '../../../src/shim/bundle-store.js';
import type { Shim, ShimParams } from '../../../src/shim/shim.js';
import { expectedSockets, specOf } from '../../../src/shimv2/sockets.js';
import { endLeftovers, leftovers, shimsOf } from '../host/leftovers.js';
import { makeRootfs } from '../host/rootfs.js';
import { containerSpec } from '../host/spec.js';

const NAMESPACE = 'test';
const EXEC_ENV = ['PATH=/bin'];

export interface BundleOptions {
  readonly args?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly resources?: LinuxResources;
  readonly options?: Partial<Options>;
  /** In place of a whole one: for a shim that no container of this id is asked of. */
  readonly spec?: OciSpec;
}

/** A folder with bundles, a root file system and an event server: all that a shim needs. No containerd. */
export class ShimHost {
  readonly events: Envelope[] = [];
  readonly #sockets = new Set<string>();

  private constructor(
    readonly folder: string,
    readonly rootfs: string,
    readonly bundles: BundleStore,
    readonly binary: string,
    readonly env: NodeJS.ProcessEnv,
    private readonly server: TtrpcServer,
  ) {}

  /** @param binary absolute path of the shim */
  static async start(binary: string): Promise<ShimHost> {
    const folder = await mkdtemp('/tmp/lcd-');
    const rootfs = await makeRootfs(join(folder, 'rootfs'));
    const server = new TtrpcServer();
    const host = new ShimHost(folder, rootfs, new BundleStore(join(folder, 'b')), binary, process.env, server);
    server.register(EventsDefinition, {
      forward: async ({ envelope }) => {
        if (envelope !== undefined) host.events.push(envelope);
        return {};
      },
    });
    await server.listen(join(folder, 'events.sock'));
    return host;
  }

  /** A bundle whose container runs `args` on the shared root file system. */
  async params(id: string, given: BundleOptions = {}): Promise<ShimParams> {
    const { args = ['/bin/sleep', '1000'], annotations, resources, options } = given;
    const process = { args, cwd: '/', env: EXEC_ENV };
    const spec =
      given.spec ?? containerSpec({ rootfs: 'rootfs', process, ...(resources === undefined ? {} : { resources }) });
    const bundle = await this.bundles.create({
      namespace: NAMESPACE,
      id,
      spec: annotations === undefined ? spec : { ...spec, annotations },
    });
    const params = this.#paramsOf(id, bundle, options);
    for (const socket of expectedSockets(params, await specOf(bundle))) this.#sockets.add(socket);
    return params;
  }

  #paramsOf(id: string, bundle: Bundle, options: Partial<Options> = {}): ShimParams {
    const runc = Options.create({ root: join(this.folder, 'runc'), ...options });
    return {
      namespace: NAMESPACE,
      id,
      bundle,
      binary: this.binary,
      options: packAny('containerd.runc.v1.Options', Options, runc),
      eventSocket: join(this.folder, 'events.sock'),
      address: join(this.folder, 'core'),
      publisher: '/bin/true',
      debug: false,
      log: createLogger(),
    };
  }

  /** Asks for the container, with the root file system mounted by the shim. */
  async create(shim: Shim, { id, bundle, options }: ShimParams): Promise<number> {
    const mount = Mount.create({ type: 'bind', source: this.rootfs, options: ['rbind', 'rw'] });
    const request = CreateTaskRequest.create({ id, bundle: bundle.path, rootfs: [mount] });
    const { pid } = await shim.tasks.create({ ...request, options }, { timeoutMs: 20_000 });
    return pid;
  }

  async run(shim: Shim, params: ShimParams): Promise<number> {
    const pid = await this.create(shim, params);
    await shim.tasks.start({ id: params.id, execId: '' }, { timeoutMs: 20_000 });
    return pid;
  }

  async exec(shim: Shim, id: string, execId: string, script: string): Promise<number> {
    const spec = packJson('Process', {
      args: ['/bin/sh', '-c', script],
      cwd: '/',
      env: EXEC_ENV,
      user: { uid: 0, gid: 0 },
    });
    await shim.tasks.exec(ExecProcessRequest.create({ id, execId, spec }));
    return (await shim.tasks.start({ id, execId }, { timeoutMs: 20_000 })).pid;
  }

  /** Kill, wait, delete; then the shim ends when it was its last container. */
  async discard(shim: Shim, { id, bundle }: ShimParams): Promise<void> {
    await shim.tasks.kill({ id, execId: '', signal: 9, all: true }).catch(() => undefined);
    await shim.tasks.wait({ id, execId: '' }, { timeoutMs: 20_000 });
    await shim.tasks.delete({ id, execId: '' }, { timeoutMs: 20_000 });
    await this.shutdown(shim, id);
    await this.bundles.remove(bundle);
  }

  /** A shim that ends may do so before it has answered. */
  async shutdown(shim: Shim, id: string): Promise<void> {
    await shim.tasks.shutdown({ id, now: false }).catch(() => undefined);
  }

  shims(): Promise<{ readonly pid: number }[]> {
    return shimsOf(this.folder);
  }

  /** Everything of the container that is left besides its bundle, in words. */
  async remains({ id, bundle }: ShimParams): Promise<string[]> {
    const mounts = (await readFile('/proc/self/mounts', 'utf8'))
      .split('\n')
      .filter((line) => line.includes(bundle.path));
    const state = join(this.folder, 'runc', NAMESPACE, id);
    const cgroup = (await specOf(bundle))?.linux?.cgroupsPath ?? '';
    const paths = [state, `/sys/fs/cgroup/memory${cgroup}`, `/sys/fs/cgroup${cgroup}`];
    return [...mounts, ...paths.filter((path) => existsSync(path))];
  }

  /** Ends everything; then fails when something was left. */
  async stop(): Promise<void> {
    const left = [
      ...(await leftovers(join(this.folder))).filter((line) => !line.startsWith('fifo')),
      ...[...this.#sockets].filter((path) => existsSync(path)).map((path) => `socket ${path}`),
      ...(await readdir(join(this.folder, 'runc', NAMESPACE)).catch(() => [])).map((id) => `state ${id}`),
    ];
    await endLeftovers(this.folder);
    await this.server.close();
    for (const path of this.#sockets) await rm(path, { force: true });
    await rm(this.folder, { recursive: true, force: true });
    assert.deepEqual(left, [], 'the tests left something behind');
  }
}
