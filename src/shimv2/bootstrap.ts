import { InternalError } from '../errdefs/index.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { ShimParams } from '../shim/shim.js';
import { type ActionResult, runAction } from '../shim/spawn.js';
import { type InputForm, type ShimBinaries, shimArguments, shimEnvironment, startInput } from './binary.js';
import { parseStartReply, type SpokenBootstrap } from './start-reply.js';
import { TIMEOUTS, timeLeft } from './timeouts.js';

const SHOWN_CHARACTERS = 2_000;

/**
 * Runs the `start` action in the bundle: it leaves a shim behind, or names the living shim of the container's group.
 * The log FIFO of the bundle has to be open, the shim waits for its reader.
 *
 * @throws NotFoundError `ERR_RUNTIME_NOT_FOUND`; InternalError `ERR_SHIM_START` with what the shim said;
 * NotImplementedError `ERR_SHIM_UNSUPPORTED`; DeadlineExceededError; CanceledError
 */
export async function startShim(
  params: ShimParams,
  binaries: ShimBinaries,
  call: RpcCallOptions = {},
): Promise<SpokenBootstrap> {
  const left = timeLeft(call, TIMEOUTS.startMs);
  const form = await binaries.inputForm(params.binary);
  let result = await runStart(params, form, left());
  if (form === 'options' && asksForNewForm(result)) {
    // It refused before it did anything, and its version did not say that it would.
    await binaries.learn(params.binary, 'bootstrap-params');
    result = await runStart(params, 'bootstrap-params', left());
  }
  if (result.exitCode !== 0) throw startError(params, result);
  const warnings = shown(result.stderr);
  if (warnings !== '') params.log.warn({ containerId: params.id, stderr: warnings }, 'shim wrote to stderr at start');
  return parseStartReply(result.stdout);
}

function runStart(params: ShimParams, form: InputForm, call: RpcCallOptions): Promise<ActionResult> {
  return runAction(params.binary, shimArguments(params, 'start'), {
    ...call,
    cwd: params.bundle.path,
    env: shimEnvironment(params),
    stdin: startInput(params, form),
  });
}

/** The words of containerd pkg/shim/compat.go. */
function asksForNewForm({ exitCode, stdout, stderr }: ActionResult): boolean {
  return exitCode !== 0 && /started through the deprecated API/.test(`${stderr}${stdout}`);
}

function startError(params: ShimParams, { exitCode, signal, stdout, stderr }: ActionResult): InternalError {
  const end = signal === undefined ? `exit status ${exitCode}` : `ended by ${signal}`;
  const said = shown(stderr) || shown(stdout) || 'it said nothing';
  return new InternalError(`start shim of ${params.id}: ${end}: ${said}`, {
    code: 'ERR_SHIM_START',
    fields: { containerId: params.id, namespace: params.namespace, path: params.binary, exitCode },
  });
}

/** The end of a long text: what went wrong is said last. */
function shown(output: Buffer): string {
  const text = output.toString('utf8').trim();
  return text.length > SHOWN_CHARACTERS ? `…${text.slice(-SHOWN_CHARACTERS)}` : text;
}
