import { InvalidArgumentError } from '../../errdefs/index.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import { updatedResources } from '../../oci/build/updated-resources.js';
import { warningsOf } from '../../oci/build/warnings.js';
import { checkResources } from '../../oci/config/check-resources.js';
import { checkRestartPolicy } from '../../oci/config/check-restart-policy.js';
import type { HostConfig, Resources, RestartPolicy } from '../../oci/config/host-config.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { assertThere, conflict, runOf } from './preconditions.js';
import { refusal } from './refusal.js';

/** What `docker update` can change. What is absent or 0 stays. */
export interface ContainerUpdate extends Resources {
  readonly RestartPolicy?: RestartPolicy;
}

/**
 * Changes limits and restart policy, of a running container at once. Past the check of what is asked for by itself, errors say
 * `Cannot update container ID: ` first (moby `daemon/update.go`).
 * @returns warnings
 * @throws InvalidArgumentError for limits that cannot be; ConflictError while it is removed; what the runtime says, and then
 * nothing has changed
 */
export async function updateContainer(
  engine: EngineContext,
  c: ManagedContainer,
  update: ContainerUpdate,
  call: CallOptions = {},
): Promise<string[]> {
  const { RestartPolicy, ...asked } = update;
  const resources = changeable(asked);
  // By itself, as dockerd does it: what it means together with what holds is the next question.
  checkResources(resources, { update: true, cpuCount: engine.host.cpuCount });
  if (RestartPolicy !== undefined) checkRestartPolicy(RestartPolicy);
  const warnings: string[] = [];
  await c.lock.run(
    `update container ${c.id}`,
    async () => {
      assertThere(c);
      try {
        warnings.push(...(await change(engine, c, resources, RestartPolicy, call)));
      } catch (err) {
        throw refusal(`Cannot update container ${c.id}`, err);
      }
    },
    call,
  );
  engine.events.publish('container', 'update', c.id, containerAttributes(c.record));
  return warnings;
}

/** Under the lock. The runtime comes first: what it refuses is in no record. @returns warnings */
async function change(
  engine: EngineContext,
  c: ManagedContainer,
  resources: Resources,
  policy: RestartPolicy | undefined,
  call: CallOptions,
): Promise<string[]> {
  const { status } = c.state;
  if (status === 'removing' || status === 'dead') {
    throw conflict(c, 'container is marked for removal and cannot be "update"');
  }
  const before = c.record.hostConfig;
  const after = merged(before, resources, policy);
  const { Name = 'no' } = after.RestartPolicy ?? {};
  if (after.AutoRemove === true && Name !== 'no' && Name !== '') {
    throw new InvalidArgumentError('Restart policy cannot be updated because AutoRemove is enabled for the container', {
      fields: { containerId: c.id },
    });
  }
  const changed = updatedResources(before, resources, engine.host);
  const warnings = warningsOf(after, engine.host);
  if (c.isAlive && Object.keys(changed).length > 0) await runOf(c).task.updateResources(changed, call);
  c.amend({ hostConfig: after });
  if (policy !== undefined && policy.Name !== '') c.restart.update(policy);
  await c.save();
  return warnings;
}

/** What `docker update` knows; the rest of the resources is fixed at create (moby `container/container_unix.go`). */
const CHANGEABLE: readonly (keyof Resources)[] = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'KernelMemory',
  'KernelMemoryTCP',
  'PidsLimit',
];

/** A `PidsLimit` of 0 is a wish, to have none; every other 0 is what an API body has for what was not asked for. */
function changeable(asked: Resources): Resources {
  const given = CHANGEABLE.map((key) => [key, asked[key]] as const).filter(([key, value]) => {
    if (value === undefined || value === null || value === '') return false;
    return value !== 0 || key === 'PidsLimit';
  });
  return Object.fromEntries(given);
}

function merged(before: HostConfig, resources: Resources, policy: RestartPolicy | undefined): HostConfig {
  return { ...before, ...resources, ...(policy === undefined || policy.Name === '' ? {} : { RestartPolicy: policy }) };
}
