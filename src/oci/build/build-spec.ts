import { capabilitiesOf } from '../capabilities.js';
import type { OciLinux, OciSpec } from '../runtime-spec.js';
import { seccompOf } from '../seccomp/seccomp-of.js';
import { parseSecurityOpt, type SecurityOptions } from '../security-opt.js';
import { devicesOf } from './devices.js';
import { assertWithinHost } from './host-limits.js';
import { mountsOf } from './mounts.js';
import { namespacesOf } from './namespaces.js';
import { processOf } from './process.js';
import { rootfsPropagationOf } from './propagation.js';
import { resourcesOf } from './resources.js';
import type { SpecInput } from './spec-input.js';
import { sysctlsOf } from './sysctls.js';
import { systemPathsOf } from './system-paths.js';

/** As far as runc 1.1 and crun 1.8 go. */
const OCI_VERSION = '1.0.2';

/**
 * What a Linux container is asked to be, as an OCI runtime spec with Docker's defaults (moby `daemon/oci_linux.go`).
 * Reads devices, users and the mount table; changes nothing.
 * @throws InvalidArgumentError for what cannot be, in dockerd's words where clients know them; NotImplementedError for
 * what this engine has not; FailedPreconditionError for what this host lacks
 */
export async function buildSpec(input: SpecInput): Promise<OciSpec> {
  const { config, hostConfig, rootfs } = input;
  assertWithinHost(hostConfig, input.host);
  const security = parseSecurityOpt(hostConfig.SecurityOpt);
  const capabilities = capabilitiesOf(hostConfig);
  const [process, linux] = await Promise.all([
    processOf(input, security, capabilities),
    linuxOf(input, security, capabilities.bounding ?? []),
  ]);
  const hasHostname = hostConfig.UTSMode !== 'host' && config.Hostname !== undefined && config.Hostname !== '';
  const { Annotations = {} } = hostConfig;
  return {
    ociVersion: OCI_VERSION,
    process,
    root: { path: rootfs.path, readonly: hostConfig.ReadonlyRootfs === true },
    ...(hasHostname ? { hostname: config.Hostname } : {}),
    mounts: mountsOf(input, security),
    ...(Object.keys(Annotations).length === 0 ? {} : { annotations: Annotations }),
    linux,
  };
}

async function linuxOf(
  input: SpecInput,
  security: SecurityOptions,
  capabilities: readonly string[],
): Promise<OciLinux> {
  const { hostConfig, host, cgroupsPath } = input;
  const [{ devices, rules }, rootfsPropagation] = await Promise.all([
    devicesOf(hostConfig),
    rootfsPropagationOf(input.mounts),
  ]);
  const { arch, kernel, hasSeccomp } = host;
  const privileged = hostConfig.Privileged === true;
  const seccomp = seccompOf(security.seccomp, { capabilities, privileged, arch, kernel, hasSeccomp });
  return {
    namespaces: namespacesOf(input),
    cgroupsPath,
    resources: { devices: rules, ...resourcesOf(hostConfig, host) },
    ...(devices.length === 0 ? {} : { devices }),
    sysctl: sysctlsOf(input),
    ...systemPathsOf(hostConfig, host, security.systemPathsUnconfined),
    ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
    ...(seccomp === undefined ? {} : { seccomp }),
  };
}
