import type { Resources, ThrottleDevice, Ulimit } from './host-config.js';
import { refuseOption } from './refuse-option.js';

const MIN_MEMORY_BYTES = 6 * 1024 * 1024;
const NANO = 1e9;
/** `0-3,7`, with white space round the numbers. */
const CPU_LIST = /^\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*$/;
const DEVICE_RULE = /^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/;
const ULIMITS = /^(core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)$/;

export interface ResourceCheck {
  /** A change of what is there already: swap may be given without memory. */
  readonly update?: boolean;
  /** Of the host. Absent: `NanoCpus` has no upper end. */
  readonly cpuCount?: number | undefined;
}

/**
 * Checks limits for themselves and against each other. What a kernel lacks is another question, answered by warnings.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in the words of moby `verifyPlatformContainerResources`
 */
export function checkResources(resources: Resources, check: ResourceCheck = {}): void {
  checkMemory(resources, check.update ?? false);
  checkCpu(resources, check.cpuCount);
  checkCpusets(resources);
  checkBlkio(resources);
  checkDevices(resources);
  for (const ulimit of resources.Ulimits ?? []) checkUlimit(ulimit);
}

function checkMemory(resources: Resources, update: boolean): void {
  const { Memory: memory = 0, MemorySwap: swap = 0, MemoryReservation: reservation = 0 } = resources;
  if (memory !== 0 && memory < MIN_MEMORY_BYTES) refuseOption('Minimum memory limit allowed is 6MB', 'Memory');
  if (memory > 0 && swap > 0 && swap < memory) {
    refuseOption('Minimum memoryswap limit should be larger than memory limit, see usage', 'MemorySwap');
  }
  if (memory === 0 && swap > 0 && !update) {
    refuseOption('You should always set the Memory limit when using Memoryswap limit, see usage', 'MemorySwap');
  }
  if (swap < -1) refuseOption(`Invalid value ${swap}, memory swap is a size or -1`, 'MemorySwap');
  const swappiness = resources.MemorySwappiness ?? -1;
  if (swappiness < -1 || swappiness > 100) {
    refuseOption(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`, 'MemorySwappiness');
  }
  if (reservation !== 0 && reservation < MIN_MEMORY_BYTES) {
    refuseOption('Minimum memory reservation allowed is 6MB', 'MemoryReservation');
  }
  if (memory > 0 && memory < reservation) {
    refuseOption('Minimum memory limit can not be less than memory reservation limit, see usage', 'MemoryReservation');
  }
  const kernelMemory = resources.KernelMemory ?? 0;
  if (kernelMemory > 0 && kernelMemory < MIN_MEMORY_BYTES) {
    refuseOption('Minimum kernel memory limit allowed is 6MB', 'KernelMemory');
  }
}

function checkCpu(resources: Resources, cpuCount: number | undefined): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = resources;
  if (nano > 0 && period > 0) {
    refuseOption('Conflicting options: Nano CPUs and CPU Period cannot both be set', 'NanoCpus');
  }
  if (nano > 0 && quota > 0) {
    refuseOption('Conflicting options: Nano CPUs and CPU Quota cannot both be set', 'NanoCpus');
  }
  if (nano < 0 || (cpuCount !== undefined && nano > cpuCount * NANO)) {
    const count = cpuCount ?? 1;
    refuseOption(`range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`, 'NanoCpus');
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    refuseOption('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)', 'CpuPeriod');
  }
  if (quota > 0 && quota < 1000) refuseOption('CPU cfs quota can not be less than 1ms (i.e. 1000)', 'CpuQuota');
  if (shares < 0) refuseOption(`invalid CPU shares (${shares}): value must be a positive integer`, 'CpuShares');
  const { CpuRealtimePeriod: realtimePeriod = 0, CpuRealtimeRuntime: realtimeRuntime = 0 } = resources;
  if (realtimePeriod !== 0 && realtimeRuntime > realtimePeriod) {
    refuseOption('cpu real-time runtime cannot be higher than cpu real-time period', 'CpuRealtimeRuntime');
  }
}

function checkCpusets({ CpusetCpus: cpus = '', CpusetMems: mems = '' }: Resources): void {
  if (cpus !== '' && !CPU_LIST.test(cpus)) refuseOption(`Invalid value ${cpus} for cpuset cpus`, 'CpusetCpus');
  if (mems !== '' && !CPU_LIST.test(mems)) refuseOption(`Invalid value ${mems} for cpuset mems`, 'CpusetMems');
}

function checkBlkio(resources: Resources): void {
  const isWeight = (weight: number) => weight === 0 || (weight >= 10 && weight <= 1000);
  if (!isWeight(resources.BlkioWeight ?? 0)) refuseOption('Range of blkio weight is from 10 to 1000', 'BlkioWeight');
  for (const { Path: path, Weight: weight } of resources.BlkioWeightDevice ?? []) {
    if (!path.startsWith('/') || !isWeight(weight)) {
      refuseOption(`invalid weight for device: ${path}:${weight}`, 'BlkioWeightDevice');
    }
  }
  checkRates(resources.BlkioDeviceReadBps, 'BlkioDeviceReadBps');
  checkRates(resources.BlkioDeviceWriteBps, 'BlkioDeviceWriteBps');
  checkRates(resources.BlkioDeviceReadIOps, 'BlkioDeviceReadIOps');
  checkRates(resources.BlkioDeviceWriteIOps, 'BlkioDeviceWriteIOps');
  if ((resources.IOMaximumBandwidth ?? 0) !== 0 || (resources.IOMaximumIOps ?? 0) !== 0) {
    refuseOption(
      'Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps',
      'IOMaximumBandwidth',
    );
  }
}

function checkRates(devices: readonly ThrottleDevice[] | undefined, field: string): void {
  for (const { Path: path, Rate: rate } of devices ?? []) {
    if (!path.startsWith('/') || rate < 0) refuseOption(`invalid rate for device: ${path}:${rate}`, field);
  }
}

function checkDevices(resources: Resources): void {
  for (const device of resources.Devices ?? []) {
    const permissions = device.CgroupPermissions ?? '';
    if (!/^[rwm]{0,3}$/.test(permissions)) refuseOption(`invalid device mode: ${permissions}`, 'Devices');
    if (!device.PathOnHost.startsWith('/')) {
      refuseOption(`error gathering device information: ${device.PathOnHost} is not an absolute path`, 'Devices');
    }
  }
  for (const rule of resources.DeviceCgroupRules ?? []) {
    if (!DEVICE_RULE.test(rule)) refuseOption(`invalid device cgroup rule format: '${rule}'`, 'DeviceCgroupRules');
  }
}

function checkUlimit({ Name: name, Soft: soft, Hard: hard }: Ulimit): void {
  if (!ULIMITS.test(name)) refuseOption(`invalid ulimit type: ${name}`, 'Ulimits');
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    refuseOption(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`, 'Ulimits');
  }
}
