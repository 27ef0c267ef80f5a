import { InvalidArgumentError, NotImplementedError } from '../../../errdefs/index.js';
import type { ContainerConfig } from '../../config/container-config.js';
import type { HostConfig } from '../../config/host-config.js';
import type { OciMount, OciProcess, OciSpec } from '../../runtime-spec.js';
import type { SpecMount } from '../spec-input.js';
import { quoteArgument } from './command-line.js';
import { windowsDevicesOf } from './windows-devices.js';
import { windowsResourcesOf } from './windows-resources.js';

/** Everything that a Windows container's spec is made of. Its network is somebody else's to add. */
export interface WindowsSpecInput {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Of the host; limits are shares of them. */
  readonly cpuCount: number;
  /** What `Isolation` `default` means on this host. */
  readonly defaultIsolation: 'process' | 'hyperv';
  /** From the uppermost read-only one to the base; the last is the container's scratch folder. */
  readonly layerFolders: readonly string[];
  /** `\\?\Volume{GUID}\`, for process isolation. */
  readonly volumePath?: string;
  readonly mounts: readonly SpecMount[];
  /** Flushes to disk matter only after the first boot. */
  readonly startedBefore: boolean;
  /** Started only to bring an updated image to its end. */
  readonly servicing?: boolean;
}

const OCI_VERSION = '1.0.2';
/** Where cmd would otherwise begin is C:\Windows\System32. */
const DEFAULT_FOLDER = 'C:\\';

/**
 * What a Windows container is asked to be, as an OCI runtime spec (moby `daemon/oci_windows.go`).
 * @throws InvalidArgumentError for what cannot be; NotImplementedError for a credential spec
 */
export function buildWindowsSpec(input: WindowsSpecInput): OciSpec {
  const { config, hostConfig, layerFolders, startedBefore, servicing = false } = input;
  assertSecurityOpt(hostConfig.SecurityOpt ?? []);
  const isHyperV = isolationOf(input) === 'hyperv';
  const resources = windowsResourcesOf(hostConfig, isHyperV, input.cpuCount);
  const devices = windowsDevicesOf(hostConfig.Devices ?? []);
  const { Hostname = '', Domainname = '' } = config;
  const { Annotations = {} } = hostConfig;
  return {
    ociVersion: OCI_VERSION,
    process: processOf(config, hostConfig),
    ...(isHyperV ? {} : { root: { path: rootPathOf(input) } }),
    ...(Hostname === '' ? {} : { hostname: Domainname === '' ? Hostname : `${Hostname}.${Domainname}` }),
    mounts: input.mounts.map(mountOf),
    ...(Object.keys(Annotations).length === 0 ? {} : { annotations: Annotations }),
    windows: {
      layerFolders,
      ignoreFlushesDuringBoot: !startedBefore,
      ...(servicing ? { servicing } : {}),
      ...(isHyperV ? { hyperv: {} } : {}),
      ...(Object.keys(resources).length === 0 ? {} : { resources }),
      ...(devices.length === 0 ? {} : { devices }),
    },
  };
}

function isolationOf({ hostConfig, defaultIsolation }: WindowsSpecInput): 'process' | 'hyperv' {
  const isolation = (hostConfig.Isolation ?? '').toLowerCase();
  if (isolation === '' || isolation === 'default') return defaultIsolation;
  if (isolation === 'process' || isolation === 'hyperv') return isolation;
  throw new InvalidArgumentError(`invalid isolation ${JSON.stringify(hostConfig.Isolation)}`);
}

function rootPathOf({ volumePath = '' }: WindowsSpecInput): string {
  if (volumePath === '') {
    throw new InvalidArgumentError('build spec: the volume of the root file system is not known', {
      code: 'ERR_SPEC_INVALID',
    });
  }
  return volumePath.endsWith('\\') ? volumePath : `${volumePath}\\`;
}

function processOf(config: ContainerConfig, { ConsoleSize }: HostConfig): OciProcess {
  const { Entrypoint = [], Cmd = [], ArgsEscaped, Tty = false, User = '', WorkingDir = '' } = config;
  const [program, ...args] = [...Entrypoint, ...Cmd];
  if (program === undefined) throw new InvalidArgumentError('no command specified');
  const [height = 0, width = 0] = ConsoleSize ?? [];
  // The command was escaped when the image was made: it must not be a second time.
  const command =
    ArgsEscaped === true
      ? { commandLine: [program, ...args.map(quoteArgument)].join(' ') }
      : { args: [program, ...args] };
  return {
    terminal: Tty,
    ...(Tty && (height > 0 || width > 0) ? { consoleSize: { height, width } } : {}),
    // The ids mean nothing there; the type wants them.
    user: { uid: 0, gid: 0, ...(User === '' ? {} : { username: User }) },
    ...command,
    env: environmentOf(config.Env ?? []),
    cwd: WorkingDir === '' ? DEFAULT_FOLDER : WorkingDir,
  };
}

/** The system of the container has a PATH of its own. Names are the same in any case. */
function environmentOf(entries: readonly string[]): string[] {
  const values = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf('=', 1);
    const name = (at < 0 ? entry : entry.slice(0, at)).toUpperCase();
    if (at < 0) values.delete(name);
    else values.set(name, entry);
  }
  return [...values.values()];
}

/** Without a type: a bind, or a named pipe. */
function mountOf({ source, destination, readOnly = false }: SpecMount): OciMount {
  return { destination, source, ...(readOnly ? { options: ['ro'] } : {}) };
}

function assertSecurityOpt(options: readonly string[]): void {
  for (const option of options) {
    const at = option.indexOf('=');
    if (at < 0) {
      throw new InvalidArgumentError(`invalid security option: no equals sign in supplied value ${option}`);
    }
    const name = option.slice(0, at);
    if (name.toLowerCase() !== 'credentialspec') {
      throw new InvalidArgumentError(`security option not supported: ${name}`);
    }
    throw new NotImplementedError('credential specs of Windows containers are not supported');
  }
}
