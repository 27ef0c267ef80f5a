import { parseExecOpts } from './cgroup-driver.js';
import { type RuntimeEntries, runtimesFromDaemonJson } from './daemon-runtimes.js';
import { DirectiveReader } from './directive-reader.js';
import { isJsonObject, type JsonObject } from './json-fields.js';

export interface UlimitDirective {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** What daemon.json says, by directive; what it does not say is `undefined`. */
export interface DaemonConfig {
  readonly runtimes: RuntimeEntries | undefined;
  readonly defaultRuntime: string | undefined;
  /** Checked; for `RuntimeConfig`. */
  readonly execOpts: readonly string[] | undefined;
  readonly cgroupParent: string | undefined;
  readonly defaultUlimits: readonly UlimitDirective[] | undefined;
  /** Bytes. */
  readonly defaultShmSize: number | undefined;
  readonly defaultIpcMode: 'private' | 'shareable' | undefined;
  readonly defaultCgroupnsMode: 'private' | 'host' | undefined;
  readonly init: boolean | undefined;
  readonly initPath: string | undefined;
  readonly noNewPrivileges: boolean | undefined;
  /** `builtin`, `unconfined`, or a path. */
  readonly seccompProfile: string | undefined;
  readonly usernsRemap: string | undefined;
  readonly logDriver: string | undefined;
  readonly logOpts: Readonly<Record<string, string>> | undefined;
  readonly liveRestore: boolean | undefined;
  /** Seconds, for containers that have none of their own. */
  readonly defaultStopTimeout: number | undefined;
  /** Seconds that containers have to stop when the engine does. */
  readonly shutdownTimeout: number | undefined;
  readonly maxConcurrentDownloads: number | undefined;
  readonly maxConcurrentUploads: number | undefined;
  readonly maxDownloadAttempts: number | undefined;
  readonly labels: readonly string[] | undefined;
  readonly debug: boolean | undefined;
  readonly logLevel: string | undefined;
  readonly dataRoot: string | undefined;
  readonly execRoot: string | undefined;
  readonly pidfile: string | undefined;
  readonly containerd: string | undefined;
  readonly containerdNamespace: string | undefined;
  readonly hosts: readonly string[] | undefined;
  readonly group: string | undefined;
  readonly tls: boolean | undefined;
  readonly tlsverify: boolean | undefined;
  readonly tlscacert: string | undefined;
  readonly tlscert: string | undefined;
  readonly tlskey: string | undefined;
  readonly metricsAddr: string | undefined;
  readonly experimental: boolean | undefined;
  /** Directives of dockerd that stand there and change nothing here. */
  readonly unused: readonly string[];
}

/** Directives of dockerd that a file may have and that nothing here reads (moby `daemon/command/config*.go`). */
const UNUSED = `
  allow-direct-routing allow-nondistributable-artifacts authorization-plugins bip bip6 bridge bridge-accept-fwmark builder
  cdi-spec-dirs containerd-plugins-namespace cpu-rt-period cpu-rt-runtime cri-containerd default-address-pools
  default-gateway default-gateway-v6 default-network-opts deprecated-key-path dns dns-opts dns-search features
  firewall-backend fixed-cidr fixed-cidr-v6 host-gateway-ip host-gateway-ips http-proxy https-proxy icc insecure-registries
  ip ip-forward ip-forward-no-drop ip-masq ip6tables iptables ipv6 log-format min-api-version mtu
  network-control-plane-mtu network-diagnostic-port no-proxy node-generic-resources nri-opts proxies raw-logs
  registry-mirrors rootless selinux-enabled storage-driver storage-opts swarm-default-advertise-addr userland-proxy
  userland-proxy-path`
  .trim()
  .split(/\s+/);

/**
 * Reads the document of a daemon.json. A directive that is new in the product gets a field above and a line here, and
 * leaves the list of unused ones.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` with every problem
 */
export function parseDaemonDocument(document: JsonObject): DaemonConfig {
  const read = new DirectiveReader(document);
  const config: DaemonConfig = {
    runtimes: read.take('runtimes', runtimesFromDaemonJson),
    defaultRuntime: read.text('default-runtime'),
    execOpts: execOpts(read),
    cgroupParent: read.text('cgroup-parent'),
    defaultUlimits: read.take('default-ulimits', parseUlimits),
    defaultShmSize: read.size('default-shm-size'),
    defaultIpcMode: read.take('default-ipc-mode', parseIpcMode),
    defaultCgroupnsMode: read.take('default-cgroupns-mode', parseCgroupnsMode),
    init: read.flag('init'),
    initPath: read.text('init-path'),
    noNewPrivileges: read.flag('no-new-privileges'),
    seccompProfile: read.text('seccomp-profile'),
    usernsRemap: read.text('userns-remap'),
    logDriver: read.text('log-driver'),
    logOpts: read.textMap('log-opts'),
    liveRestore: read.flag('live-restore'),
    defaultStopTimeout: read.count('default-stop-timeout', 'default stop timeout'),
    shutdownTimeout: read.count('shutdown-timeout', 'shutdown timeout'),
    maxConcurrentDownloads: read.count('max-concurrent-downloads', 'max concurrent downloads'),
    maxConcurrentUploads: read.count('max-concurrent-uploads', 'max concurrent uploads'),
    maxDownloadAttempts: read.count('max-download-attempts', 'max download attempts'),
    labels: read.texts('labels'),
    debug: read.flag('debug'),
    logLevel: read.text('log-level'),
    dataRoot: read.text('data-root'),
    execRoot: read.text('exec-root'),
    pidfile: read.text('pidfile'),
    containerd: read.text('containerd'),
    containerdNamespace: read.text('containerd-namespace'),
    hosts: read.texts('hosts'),
    group: read.text('group'),
    tls: read.flag('tls'),
    tlsverify: read.flag('tlsverify'),
    tlscacert: read.text('tlscacert'),
    tlscert: read.text('tlscert'),
    tlskey: read.text('tlskey'),
    metricsAddr: read.text('metrics-addr'),
    experimental: read.flag('experimental'),
    unused: read.unread(UNUSED),
  };
  read.finish();
  return config;
}

function execOpts(read: DirectiveReader): readonly string[] | undefined {
  const given = read.texts('exec-opts');
  // A second look at the same directive: what it says has to be understood now, not at the first container.
  read.take('exec-opts', () => parseExecOpts(given ?? []));
  return given;
}

function parseUlimits(value: unknown): UlimitDirective[] {
  if (!isJsonObject(value)) throw new Error('it is no map of limits by name');
  return Object.entries(value).map(([name, limit]) => {
    if (!isJsonObject(limit)) throw new Error(`${name} is no object with Soft and Hard`);
    const { Name = name, Soft, Hard } = limit;
    if (Name !== name) throw new Error(`${name} has the Name ${JSON.stringify(Name)}`);
    if (!isLimit(Soft) || !isLimit(Hard)) throw new Error(`Soft or Hard of ${name} is no whole number from -1 on`);
    // -1 is no limit, which only no limit covers.
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
    return { Name: name, Soft, Hard };
  });
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= -1;
}

function parseIpcMode(value: unknown): 'private' | 'shareable' | undefined {
  if (value === 'private' || value === 'shareable') return value;
  if (value === '') return undefined;
  const hint = 'use "shareable" or "private"';
  if (value === 'host' || value === 'none' || (typeof value === 'string' && /^container:./.test(value))) {
    throw new Error(`IPC mode "${value}" is not supported as default value; ${hint}`);
  }
  throw new Error(`default IPC mode setting (${String(value)}) is invalid; ${hint}`);
}

function parseCgroupnsMode(value: unknown): 'private' | 'host' | undefined {
  if (value === 'private' || value === 'host') return value;
  if (value === '') return undefined;
  throw new Error(`invalid default cgroup namespace (${String(value)}): use "host" or "private"`);
}
