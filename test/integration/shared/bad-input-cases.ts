import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EngineError, type ErrorCode } from '../../../src/errdefs/index.js';
import type { Client } from '../../../src/libcontainerd/types.js';
import type { OciSpec } from '../../../src/oci/runtime-spec.js';
import { finish, run } from '../host/run-container.js';
import { containerSpec } from '../host/spec.js';
import type { AnyHost, StartHost } from './any-host.js';

export async function rejects(
  promise: Promise<unknown>,
  code: ErrorCode,
  text: RegExp,
  withinMs = 5_000,
): Promise<void> {
  const startedAt = Date.now();
  const err = await promise.then(
    () => assert.fail(`expected ${code}, the call succeeded`),
    (cause: unknown) => cause,
  );
  assert.ok(err instanceof EngineError, `not an EngineError: ${err}`);
  assert.equal(err.code, code, `${err.code}: ${err.message}`);
  assert.match(err.message, text);
  assert.ok(Date.now() - startedAt < withinMs, `took ${Date.now() - startedAt} ms`);
}

/** Registers the cases over a host of their own. */
export function badInputCases(name: string, skip: string | false, start: StartHost): void {
  describe(`bad input, ${name}`, { skip }, () => {
    let host: AnyHost;
    let client: Client;
    before(async () => {
      host = await start();
      client = await host.client();
    });
    after(() => host.stop());

    const spec = (args: readonly string[], more: Partial<OciSpec> = {}): OciSpec => ({
      ...containerSpec({ rootfs: host.rootfs, process: { args, cwd: '/', env: ['PATH=/bin'] } }),
      ...more,
    });

    async function createFails(args: readonly string[], code: ErrorCode, text: RegExp): Promise<void> {
      const container = await client.newContainer('bad', { spec: spec(args) });
      await rejects(container.newTask(), code, text);
      await container.delete();
      assert.deepEqual(await host.leftovers(), []);
    }

    it('names the binary of a runtime that is not installed', async () => {
      const container = await client.newContainer('r', {
        spec: spec(['/bin/true']),
        runtime: 'io.containerd.nosuch.v1',
      });
      await rejects(container.newTask(), 'ERR_RUNTIME_NOT_FOUND', /containerd-shim-nosuch-v1/);
      await container.delete();
    });

    it('names an OCI runtime binary that is not installed', async () => {
      const runtimeOptions = { kind: 'runc', binaryName: 'no-such-runc' } as const;
      const container = await client.newContainer('o', { spec: spec(['/bin/true']), runtimeOptions });
      await rejects(container.newTask(), 'ERR_RUNTIME_NOT_FOUND', /no-such-runc/);
      await container.delete();
      assert.deepEqual(await host.leftovers(), []);
    });

    it('keeps the text of a program that is not in the rootfs', () =>
      createFails(
        ['no-such-program'],
        'ERR_COMMAND_NOT_FOUND',
        /exec: "no-such-program": executable file not found in \$PATH/,
      ));

    it('keeps the text of a path that is not in the rootfs', () =>
      createFails(
        ['/no/such/program'],
        'ERR_COMMAND_NOT_FOUND',
        /exec: "\/no\/such\/program": stat .*no such file or directory/,
      ));

    it('keeps the text of a program that may not be executed', () =>
      createFails(['/tmp'], 'ERR_COMMAND_NOT_EXECUTABLE', /exec: "\/tmp": (?:permission denied|is a directory)/));

    it('does not take a missing rootfs or bind source for a missing program', async () => {
      const noRoot = await client.newContainer('n', {
        spec: spec(['/bin/true'], { root: { path: '/no/such/rootfs' } }),
      });
      await rejects(noRoot.newTask(), 'ERR_START_FAILED', /no\/such\/rootfs/);
      await noRoot.delete();
      const base = spec(['/bin/true']);
      const mounts = [
        ...(base.mounts ?? []),
        { destination: '/mnt', type: 'bind', source: '/no/such/source', options: ['rbind'] },
      ];
      const noSource = await client.newContainer('n', { spec: { ...base, mounts } });
      await rejects(noSource.newTask(), 'ERR_START_FAILED', /no\/such\/source/);
      await noSource.delete();
      assert.deepEqual(await host.leftovers(), []);
    });

    it('refuses an id in use', async () => {
      const running = await run(client, 'twice', { rootfs: host.rootfs, args: ['/bin/true'] });
      await rejects(
        client.newContainer('twice', { spec: spec(['/bin/true']) }),
        'ERR_CONTAINER_EXISTS',
        /already in use/,
      );
      await rejects(running.container.newTask(), 'ERR_TASK_EXISTS', /has one already/);
      await finish(running);
    });

    it('refuses a namespace with illegal characters', () =>
      rejects(host.client({ namespace: '../other' }), 'ERR_NAMESPACE_INVALID', /namespace/));

    it('refuses a spec without a process', async () => {
      const { process: _, ...rest } = spec(['/bin/true']);
      await rejects(client.newContainer('p', { spec: rest }), 'ERR_SPEC_INVALID', /process is missing/);
      assert.deepEqual(await client.containers(), []);
    });
  });
}
