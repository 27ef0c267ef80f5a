import { type EngineError, InternalError, NotImplementedError } from '../errdefs/index.js';
import { BootstrapResult } from '../protocol/gen/containerd/shim/bootstrap.js';
import { decodeMessage } from '../protocol/wire/index.js';
import type { Bootstrap } from '../shim/bundle-files.js';

/** A bootstrap that we can speak. The address is as the shim wrote it. */
export interface SpokenBootstrap extends Bootstrap {
  /** Of the task API. */
  readonly version: 2 | 3;
}

/** What a reply says, before anybody asked whether we can speak it. */
interface Claim {
  readonly version: number;
  readonly address: string;
  readonly protocol: string;
}

const SHOWN_CHARACTERS = 500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells binary from an address
const UNPRINTABLE = /[\u0000-\u001f\u007f\ufffd]/;
const ADDRESS_WITH_SCHEME = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i;

/**
 * Reads what a shim printed at `start`, in each form there is: a protobuf `BootstrapResult` (containerd 2.3), JSON
 * (1.7 to 2.2), a bare address (before: API version 2 over ttrpc). Lines of a log around JSON or an address are
 * skipped, the last line that says something counts.
 *
 * Upstream: `parseStartResponse` of containerd core/runtime/v2.
 * @throws InternalError `ERR_SHIM_START` when it says nothing; NotImplementedError `ERR_SHIM_UNSUPPORTED` when we
 * cannot speak what it speaks
 */
export function parseStartReply(bytes: Uint8Array): SpokenBootstrap {
  const claim = fromProtobuf(bytes) ?? fromText(Buffer.from(bytes).toString('utf8'));
  if (claim === undefined) throw unreadable(bytes);
  return asSpoken(claim);
}

/** @throws NotImplementedError `ERR_SHIM_UNSUPPORTED` when we cannot speak it */
export function asSpoken(claim: Claim): SpokenBootstrap {
  const { version, address, protocol } = claim;
  if ((version !== 2 && version !== 3) || (protocol !== 'ttrpc' && protocol !== 'grpc')) throw unsupported(claim);
  // The task service of version 2 was never served over gRPC.
  if (protocol === 'grpc' && version === 2) throw unsupported(claim);
  return { version, address, protocol };
}

function fromProtobuf(bytes: Uint8Array): Claim | undefined {
  let result: BootstrapResult;
  try {
    result = decodeMessage(BootstrapResult, bytes);
  } catch {
    return undefined;
  }
  // Text, and nothing at all, can pass for a message whose fields are all unknown.
  if (result.address === '' || UNPRINTABLE.test(result.address)) return undefined;
  return { version: result.version, address: result.address, protocol: result.protocol || 'ttrpc' };
}

function fromText(text: string): Claim | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const whole = fromJson(text);
  if (whole !== undefined) return whole;
  for (const line of lines.toReversed()) {
    const claim = fromJson(line) ?? fromAddress(line, lines.length === 1);
    if (claim !== undefined) return claim;
  }
  return undefined;
}

function fromJson(text: string): Claim | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const address = 'address' in value ? value.address : undefined;
  if (typeof address !== 'string' || address === '' || UNPRINTABLE.test(address)) return undefined;
  const version = 'version' in value ? value.version : undefined;
  const protocol = 'protocol' in value ? value.protocol : undefined;
  return {
    version: typeof version === 'number' ? version : 0,
    address,
    protocol: typeof protocol === 'string' && protocol !== '' ? protocol : 'ttrpc',
  };
}

/** @param alone then a name without a scheme is taken too, which among lines of a log could be any word */
function fromAddress(line: string, alone: boolean): Claim | undefined {
  const isAddress = ADDRESS_WITH_SCHEME.test(line) || (alone && !/[\s{}]/.test(line));
  return isAddress && !UNPRINTABLE.test(line) ? { version: 2, address: line, protocol: 'ttrpc' } : undefined;
}

function unreadable(bytes: Uint8Array): EngineError {
  const text = Buffer.from(bytes).toString('utf8').trim();
  const message = text === '' ? 'printed no address' : `printed what is no address: ${JSON.stringify(clip(text))}`;
  return new InternalError(`read reply of shim: it ${message}`, { code: 'ERR_SHIM_START' });
}

function unsupported({ version, protocol, address }: Claim): EngineError {
  return new NotImplementedError(
    `use shim: it speaks ${protocol} with task API ${version}; supported are ttrpc with 2 and 3, grpc with 3`,
    { code: 'ERR_SHIM_UNSUPPORTED', fields: { version, protocol, address } },
  );
}

function clip(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
