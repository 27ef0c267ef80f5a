import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskDefinition } from '../src/protocol/gen/containerd/shim/task_v2.js';
import { GrpcChannel } from '../src/protocol/grpc/channel.js';
import { TtrpcClient } from '../src/protocol/ttrpc/index.js';
import { summarize } from './percentiles.js';
import type { BenchOptions, Report } from './report.js';
import { table } from './table.js';

export interface RpcResult {
  readonly inFlight: number;
  readonly callsPerRound: number;
  /** Microseconds a call: the median of the rounds, and the best one. */
  readonly ttrpc: { readonly p50: number; readonly min: number };
  readonly grpc: { readonly p50: number; readonly min: number };
  /** Median of gRPC over that of ttrpc: above 1 ttrpc is faster. */
  readonly ratio: number;
}

type Call = () => Promise<unknown>;

const CALLS_PER_ROUND = 3000;
const WARM_UP_CALLS = 6000;

/**
 * One unary call, `Task/State`, over ttrpc and over grpc-js (as tuned for containerd), to servers in another process,
 * on unix sockets, in alternating rounds so that a drift of the machine meets both.
 */
export async function ttrpcBesideGrpc({ rounds }: BenchOptions): Promise<Report> {
  const dir = mkdtempSync(join(tmpdir(), 'lcd-bench-'));
  const sockets = { ttrpc: join(dir, 'ttrpc.sock'), grpc: join(dir, 'grpc.sock') };
  const child = fork(new URL('./rpc-echo-server.js', import.meta.url), [sockets.ttrpc, sockets.grpc]);
  const gone = once(child, 'exit');
  try {
    await Promise.race([once(child, 'message'), gone.then(() => Promise.reject(new Error('the echo server ended')))]);
    const ttrpc = await TtrpcClient.connect(sockets.ttrpc, { namespace: 'bench' });
    const grpc = new GrpcChannel(sockets.grpc, 'bench');
    const request = { id: '4f2c7a1be0d34c0f8a7c4cf8f1f7b1d9', execId: '' };
    const overTtrpc = () => ttrpc.unary(TaskDefinition, 'state', request);
    const overGrpc = () => grpc.unary(TaskDefinition, 'state', request);
    const results: RpcResult[] = [];
    for (const inFlight of [1, 64]) results.push(await compare(inFlight, rounds, overTtrpc, overGrpc));
    ttrpc.close();
    grpc.close();
    return reportOf(results);
  } finally {
    child.disconnect();
    await gone;
    rmSync(dir, { recursive: true, force: true });
  }
}

async function compare(inFlight: number, rounds: number, overTtrpc: Call, overGrpc: Call): Promise<RpcResult> {
  const ttrpc: number[] = [];
  const grpc: number[] = [];
  for (const call of [overTtrpc, overGrpc]) await microsecondsEach(call, inFlight, WARM_UP_CALLS);
  for (let round = 0; round < rounds; round++) {
    ttrpc.push(await microsecondsEach(overTtrpc, inFlight, CALLS_PER_ROUND));
    grpc.push(await microsecondsEach(overGrpc, inFlight, CALLS_PER_ROUND));
  }
  const ours = summarize(ttrpc);
  const theirs = summarize(grpc);
  const ratio = Math.round((theirs.p50 / ours.p50) * 10) / 10;
  return {
    inFlight,
    callsPerRound: CALLS_PER_ROUND,
    ttrpc: { p50: ours.p50, min: ours.min },
    grpc: { p50: theirs.p50, min: theirs.min },
    ratio,
  };
}

/** Keeps `inFlight` calls under way until `count` are done. */
async function microsecondsEach(call: Call, inFlight: number, count: number): Promise<number> {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left--;
      await call();
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return ((performance.now() - startedAt) * 1000) / count;
}

function reportOf(results: readonly RpcResult[]): Report {
  const cell = (value: number) => value.toFixed(1);
  const rows = results.map(({ inFlight, ttrpc, grpc, ratio }) => [
    `${inFlight} in flight`,
    cell(ttrpc.p50),
    cell(ttrpc.min),
    cell(grpc.p50),
    cell(grpc.min),
    `${cell(ratio)} x`,
  ]);
  return {
    title: 'One call, ttrpc beside grpc-js',
    method:
      'Microseconds a unary `Task/State`, client and server in two processes, on unix sockets, in alternating rounds.',
    blocks: [table([['', 'ttrpc p50', 'ttrpc best', 'grpc-js p50', 'grpc-js best', 'grpc-js / ttrpc'], ...rows])],
    budgets: [],
    figures: results,
  };
}
