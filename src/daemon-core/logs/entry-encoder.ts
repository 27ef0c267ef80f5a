import type { LogStream } from './log-driver.js';

/** A byte of output becomes at most `\ufffd`. */
const GROWTH = 6;
const HEX = Buffer.from('0123456789abcdef');
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const HEAD_BYTES = 8;
const FRACTION_DIGITS = 9;
/** `Z"}` and the end of the line, after the fraction. */
const AFTER_FRACTION_BYTES = 4;
/** A native copy costs as much as this many steps of a loop. */
const SHORT_BYTES = 48;

/** 1 for the bytes that do not stand for themselves in Go's JSON: controls, quotes, HTML's letters, and all beyond ASCII. */
const SPECIAL = new Uint8Array(256).fill(1, 0, 0x20).fill(1, 0x80);
for (const char of '"\\<>&') SPECIAL[char.charCodeAt(0)] = 1;

/**
 * Writes entries in the format of Docker's json-file, byte for byte (moby
 * `daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go`): what is no UTF-8 becomes U+FFFD, a replacement a byte; `<`, `>` and
 * `&` are escaped. One encoder a stream. What follows the text is the same in all entries of a second but for the
 * fraction, so it is kept ready and copied; nothing is allocated for an entry.
 *
 * Reads of typed arrays are asserted to be numbers here: the indexes are in bounds, and this code sees every byte.
 */
export class EntryEncoder {
  readonly #afterText: string;
  #second = -1;
  #nanos = -1;
  /** From the end of the text to the end of the entry; the same without the end of line in the text. */
  #lineTail = Buffer.alloc(0);
  #pieceTail = Buffer.alloc(0);

  /** @param attributes for each entry; none when empty */
  constructor(stream: LogStream, attributes: Readonly<Record<string, string>>) {
    const attrs = Object.keys(attributes).length === 0 ? '' : `"attrs":${goJson(attributes)},`;
    this.#afterText = `\\n","stream":"${stream}",${attrs}"time":"`;
    this.#setSecond(0);
  }

  /** Bytes that an entry of that much text needs at most. */
  room(textLength: number): number {
    return textLength * GROWTH + this.plainBytes;
  }

  /** Bytes of an entry without its text. */
  get plainBytes(): number {
    return HEAD_BYTES + this.#lineTail.length;
  }

  /**
   * Writes the entry of `text[from..to)` at `out[at]`.
   * @param isLine an end of line follows the text
   * @param nanos does not end in the digit 0, which Go leaves out
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
    this.#setTime(seconds, nanos);
    const end = encodeText(out, writeHead(out, at), text, from, to);
    const tail = isLine ? this.#lineTail : this.#pieceTail;
    out.set(tail, end);
    return end + tail.length;
  }

  /** The same for a line of text that is plain (`isPlainText`). */
  encodePlain(out: Buffer, at: number, text: Buffer, from: number, to: number, seconds: number, nanos: number): number {
    this.#setTime(seconds, nanos);
    let o = writeHead(out, at);
    if (to - from > SHORT_BYTES) {
      text.copy(out, o, from, to);
      o += to - from;
    } else {
      for (let i = from; i < to; i++) out[o++] = text[i] as number;
    }
    out.set(this.#lineTail, o);
    return o + this.#lineTail.length;
  }

  #setTime(seconds: number, nanos: number): void {
    if (seconds !== this.#second) this.#setSecond(seconds);
    const tail = this.#lineTail;
    const last = tail.length - AFTER_FRACTION_BYTES - 1;
    // One nanosecond later: only the last digit is another, as none of both is 0.
    if (nanos === this.#nanos + 1) tail[last] = (tail[last] as number) + 1;
    else if (nanos !== this.#nanos) {
      let rest = nanos;
      for (let digit = 0; digit < FRACTION_DIGITS; digit++) {
        const higher = Math.floor(rest / 10);
        tail[last - digit] = ZERO + rest - higher * 10;
        rest = higher;
      }
    }
    this.#nanos = nanos;
  }

  #setSecond(seconds: number): void {
    const time = new Date(seconds * 1000).toISOString().slice(0, 19);
    this.#lineTail = Buffer.from(`${this.#afterText}${time}.${'0'.repeat(FRACTION_DIGITS)}Z"}\n`);
    this.#pieceTail = this.#lineTail.subarray(2);
    this.#second = seconds;
    this.#nanos = -1;
  }
}

/** `{"log":"` */
function writeHead(out: Buffer, at: number): number {
  out[at] = 0x7b;
  out[at + 1] = 0x22;
  out[at + 2] = 0x6c;
  out[at + 3] = 0x6f;
  out[at + 4] = 0x67;
  out[at + 5] = 0x22;
  out[at + 6] = 0x3a;
  out[at + 7] = 0x22;
  return at + HEAD_BYTES;
}

function encodeText(out: Buffer, at: number, text: Buffer, from: number, to: number): number {
  let o = at;
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
  return o;
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

/** JSON as Go writes it: with `<`, `>`, `&` and the line separators escaped. */
function goJson(value: Readonly<Record<string, string>>): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
