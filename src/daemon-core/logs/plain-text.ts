import { isAscii } from 'node:buffer';

const ESCAPED = ['"', '\\', '<', '>', '&'].map((char) => char.charCodeAt(0));
const NEWLINES = 0x0a0a0a0a;

/**
 * Whether the bytes stand for themselves in JSON: printable ASCII without what is escaped, and ends of lines. Native
 * searches do the most of it; four bytes at a time are looked at for other control characters.
 */
export function isPlainText(bytes: Buffer): boolean {
  if (!isAscii(bytes)) return false;
  for (const byte of ESCAPED) if (bytes.indexOf(byte) >= 0) return false;
  let at = 0;
  while (at < bytes.length && (bytes.byteOffset + at) % 4 !== 0) {
    if (isControl(bytes[at++] as number)) return false;
  }
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (bytes.length - at) >> 2);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    // Bit 7 of each byte that is at least 0x20: ASCII and 0x60 do not carry into the next byte.
    const printable = (word + 0x60606060) & 0x80808080;
    if (printable === (0x80808080 | 0)) continue;
    // Bit 7 of each byte that is no newline.
    const others = ((word ^ NEWLINES) + 0x7f7f7f7f) & 0x80808080;
    if ((others & ~printable) !== 0) return false;
  }
  for (at += words.length * 4; at < bytes.length; at++) {
    if (isControl(bytes[at] as number)) return false;
  }
  return true;
}

function isControl(byte: number): boolean {
  return byte < 0x20 && byte !== 0x0a;
}
