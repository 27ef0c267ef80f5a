import type { LogStream } from './log-driver.js';

/** `{"log":"`, the fraction of a second with its dot, `Z"}\n`, and what differs between entries. */
const FIXED_BYTES = 8 + 10 + 4;
/** A byte of output becomes at most `\ufffd`. */
const GROWTH = 6;
const HEAD = Buffer.from('{"log":"');
const HEX = Buffer.from('0123456789abcdef');
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const ZERO = 0x30;

/** 1 for the bytes that do not stand for themselves in Go's JSON: controls, quotes, HTML's letters, and all beyond ASCII. */
const SPECIAL = new Uint8Array(256).fill(1, 0, 0x20).fill(1, 0x80);
for (const char of '"\\<>&') SPECIAL[char.charCodeAt(0)] = 1;

/**
 * Writes entries in the format of Docker's json-file, byte for byte (moby
 * `daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go`): what is no UTF-8 becomes U+FFFD, a replacement a byte, `<`, `>` and
 * `&` are escaped, and a fraction of a second has no zeros at its end. One encoder a stream; it allocates once a second.
 *
 * Reads of typed arrays are asserted to be numbers here: the indexes are in bounds, and this loop sees every byte.
 */
export class EntryEncoder {
  readonly #afterText: string;
  #second = -1;
  /** From the end of the text to the time's fraction. */
  #tail: Buffer;

  /** @param attributes for each entry; none when empty */
  constructor(stream: LogStream, attributes: Readonly<Record<string, string>>) {
    const attrs = Object.keys(attributes).length === 0 ? '' : `"attrs":${goJson(attributes)},`;
    this.#afterText = `\\n","stream":"${stream}",${attrs}"time":"`;
    this.#tail = Buffer.from(`${this.#afterText}0000-00-00T00:00:00`);
  }

  /** Bytes that an entry of that much text needs at most. */
  room(textLength: number): number {
    return textLength * GROWTH + FIXED_BYTES + this.#tail.length;
  }

  /**
   * Writes the entry of `text[from..to)` at `out[at]`.
   * @param isLine an end of line follows the text
   * @returns where the next one goes
   */
  encode(
    out: Buffer,
    at: number,
    text: Buffer,
    from: number,
    to: number,
    isLine: boolean,
    seconds: number,
    nanos: number,
  ): number {
    if (seconds !== this.#second) this.#turn(seconds);
    let o = at;
    for (let i = 0; i < HEAD.length; i++) out[o++] = HEAD[i] as number;
    let i = from;
    while (i < to) {
      const byte = text[i] as number;
      if (SPECIAL[byte] === 0) {
        out[o++] = byte;
        i += 1;
      } else if (byte < 0x80) {
        o = escapeAscii(out, o, byte);
        i += 1;
      } else {
        const length = utf8Length(text, i, to);
        if (length === 0 || isLineSeparator(text, i)) {
          o = escapeUnicode(out, o, length === 0 ? 0xfffd : 0x2000 | ((text[i + 2] as number) & 0x3f));
        } else {
          for (let k = 0; k < length; k++) out[o++] = text[i + k] as number;
        }
        i += length || 1;
      }
    }
    const tail = this.#tail;
    for (let k = isLine ? 0 : 2; k < tail.length; k++) out[o++] = tail[k] as number;
    o = writeFraction(out, o, nanos);
    out[o++] = 0x5a; // Z
    out[o++] = 0x22; // "
    out[o++] = 0x7d; // }
    out[o++] = NEWLINE;
    return o;
  }

  #turn(seconds: number): void {
    this.#second = seconds;
    this.#tail = Buffer.from(this.#afterText + new Date(seconds * 1000).toISOString().slice(0, 19));
  }
}

function escapeAscii(out: Buffer, at: number, byte: number): number {
  let o = at;
  out[o++] = BACKSLASH;
  if (byte === BACKSLASH || byte === 0x22) out[o++] = byte;
  else if (byte === NEWLINE) out[o++] = 0x6e;
  else if (byte === 0x0d) out[o++] = 0x72;
  else return escapeUnicode(out, at, byte);
  return o;
}

function escapeUnicode(out: Buffer, at: number, code: number): number {
  let o = at;
  out[o++] = BACKSLASH;
  out[o++] = 0x75; // u
  for (let shift = 12; shift >= 0; shift -= 4) out[o++] = HEX[(code >> shift) & 15] as number;
  return o;
}

/** U+2028 and U+2029, which end a line in JavaScript: e2 80 a8, e2 80 a9. */
function isLineSeparator(text: Buffer, i: number): boolean {
  return text[i] === 0xe2 && text[i + 1] === 0x80 && ((text[i + 2] as number) & 0xfe) === 0xa8;
}

/** Bytes of the character at `i`, 0 when it is none that UTF-8 allows. */
function utf8Length(text: Buffer, i: number, end: number): number {
  const lead = text[i] as number;
  const length = utf8Expected(lead);
  if (length === 0 || i + length > end) return 0;
  const second = text[i + 1] as number;
  // The shortest form only, no surrogates, nothing above U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let k = 2; k < length; k++) {
    if (((text[i + k] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Bytes of a character beyond ASCII by its first one, 0 when none begins so. */
export function utf8Expected(lead: number): 0 | 2 | 3 | 4 {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function writeFraction(out: Buffer, at: number, nanos: number): number {
  if (nanos === 0) return at;
  let digits = 9;
  let rest = nanos;
  while (rest % 10 === 0) {
    rest /= 10;
    digits -= 1;
  }
  out[at] = 0x2e; // .
  for (let k = digits; k > 0; k--) {
    const higher = Math.floor(rest / 10);
    out[at + k] = ZERO + rest - higher * 10;
    rest = higher;
  }
  return at + 1 + digits;
}

/** JSON as Go writes it: with `<`, `>`, `&` and the line separators escaped. */
function goJson(value: Readonly<Record<string, string>>): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
