import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { OciProcess } from '../../oci/runtime-spec.js';
import { patternBytes, type Workload } from '../testsuite/workload.js';
import type { FakePrograms, ProgramContext } from './program.js';

/** As large as what a program like `yes` writes at once. */
const BLOCK_BYTES = 17 * 1024;

const FOR_EVER = new Promise<never>(() => {});

/** The workloads of the conformance suite, as programs of the fake. */
export const WORKLOAD_PROGRAMS: FakePrograms = {
  exit: ({ args }) => Number(args[1]),

  print: ({ args, stdout, stderr }) => {
    stdout.write(args[1] ?? '');
    stderr.write(args[2] ?? '');
    return Number(args[3]);
  },

  'print-bytes': async ({ args, stdout }) => {
    const bytes = patternBytes(Number(args[1]));
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      if (!stdout.write(bytes.subarray(at, at + BLOCK_BYTES))) await once(stdout, 'drain');
    }
    return Number(args[2]);
  },

  cat: async ({ stdin, stdout }) => {
    await pipeline(stdin, stdout);
    return 0;
  },

  trap: (process) => {
    trap(process, process.args[1] ?? '', Number(process.args[2]));
    process.stdout.write('ready\n');
    return FOR_EVER;
  },

  'tty-size': (process) => {
    trap(process, 'SIGTERM', 143);
    process.onResize(({ width, height }) => process.stdout.write(`size ${height} ${width}\n`));
    process.stdout.write('ready\n');
    return FOR_EVER;
  },

  env: ({ env, stdout }) => {
    stdout.write(env.map((each) => `${each}\n`).join(''));
    return 0;
  },
};

/** As a shell that is pid 1: a signal without a trap does nothing. */
function trap(process: ProgramContext, signal: string, code: number): void {
  process.onSignal((name) => {
    if (name === signal) process.exit(code);
  });
}

export function workloadProcess(workload: Workload): OciProcess {
  return { args: argsOf(workload), cwd: '/', env: ['PATH=/bin'] };
}

function argsOf(workload: Workload): string[] {
  switch (workload.do) {
    case 'exit':
      return ['exit', String(workload.code)];
    case 'print':
      return ['print', workload.stdout ?? '', workload.stderr ?? '', String(workload.exit ?? 0)];
    case 'print-bytes':
      return ['print-bytes', String(workload.bytes), String(workload.exit ?? 0)];
    case 'sleep':
      return ['trap', 'SIGTERM', '143'];
    case 'trap':
      return ['trap', workload.signal, String(workload.exit)];
    default:
      return [workload.do];
  }
}
