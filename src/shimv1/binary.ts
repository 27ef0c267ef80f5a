import { join } from 'node:path';
import process from 'node:process';
import type { ShimParams } from '../shim/shim.js';
import type { LaunchOptions } from './launch-options.js';

/** Where the shim keeps what is large, and its log FIFOs. */
export function workFolder({ bundle }: Pick<ShimParams, 'bundle'>): string {
  return join(bundle.path, 'work');
}

/**
 * The arguments of `containerd-shim`. The flag for criu is `-criu`: containerd 1.6 itself passes `-criu-path`, at which
 * the shim exits. An address without `unix://` would be an abstract socket.
 */
export function launchArguments(params: ShimParams, options: LaunchOptions, socket: string): string[] {
  return [
    ...['-namespace', params.namespace],
    ...['-workdir', workFolder(params)],
    ...['-address', params.address],
    ...['-containerd-binary', params.publisher],
    ...['-runtime-root', options.runtimeRoot],
    ...(options.criuPath === '' ? [] : ['-criu', options.criuPath]),
    ...(options.systemdCgroup ? ['-systemd-cgroup'] : []),
    ...(params.debug ? ['-debug'] : []),
    ...['-socket', `unix://${socket}`],
  ];
}

/** Ours, and containerd's limit of threads. */
export function launchEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOMAXPROCS: '2' };
}

/** The arguments with which the OCI runtime deletes a container, whatever state it is in. */
export function deleteArguments({ namespace, id }: ShimParams, options: LaunchOptions): string[] {
  return [
    ...['--root', join(options.runtimeRoot, namespace)],
    ...(options.systemdCgroup ? ['--systemd-cgroup'] : []),
    ...['delete', '--force', id],
  ];
}
