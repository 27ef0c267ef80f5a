import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly at: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  /** The 1-minute average of the run queue. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function machineNow(): Machine {
  return {
    at: new Date().toISOString(),
    node: process.version,
    kernel: release(),
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: loadNow(),
    versions: {
      runc: versionOf('runc', '--version'),
      'containerd-shim-runc-v2': versionOf('containerd-shim-runc-v2', '-v'),
      containerd: versionOf('containerd', '--version'),
    },
  };
}

export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

function versionOf(program: string, flag: string): string {
  try {
    const text = execFileSync(program, [flag], { encoding: 'utf8', timeout: 10_000 });
    return /\b\d+\.\d+\.\d+[^\s,]*/.exec(text)?.[0] ?? 'unknown';
  } catch {
    return 'not there';
  }
}

export function machineLines(machine: Machine, command: string, loadAtEnd: number): string {
  const { at, node, kernel, load, versions } = machine;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `\`${command}\`, ${at.slice(0, 16).replace('T', ' ')} UTC: Node ${node}, ${programs.join(', ')}; Linux ${kernel}, `,
    `${machine.cpus} CPUs, ${machine.memoryGiB} GiB; 1-minute load ${load} before and ${loadAtEnd} after.`,
  ].join('');
}
