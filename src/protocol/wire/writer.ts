import type { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Every public method of the stock writer, so that the compiler notices when one is missing here. */
type WriterMethods = { [K in keyof BinaryWriter]: (...args: Parameters<BinaryWriter[K]>) => unknown };

const INITIAL_CAPACITY = 4096;
/** Up to this many UTF-16 units a loop beats the call into native code. Must stay under 0x80. */
const ASCII_LOOP_LIMIT = 40;

function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

function outOfRange(kind: string, value: unknown): RangeError {
  return new RangeError(`${kind} out of range: ${String(value)}`);
}

/**
 * Protobuf writer over one growing buffer that is kept between messages; `finish()` copies the bytes out once.
 * Gives the same bytes as the stock `BinaryWriter`. Pass it to generated code through `asBinaryWriter()`.
 */
export class FastWriter implements WriterMethods {
  private buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY);
  private position = 0;
  private readonly forks: number[] = [];

  get capacity(): number {
    return this.buffer.length;
  }

  /** The writer under the type generated code asks for: that class has private members, hence the one cast. */
  asBinaryWriter(): BinaryWriter {
    return this as unknown as BinaryWriter;
  }

  /** Forgets what was written, also after an `encode` that threw half way. */
  reset(): void {
    this.position = 0;
    this.forks.length = 0;
  }

  /** Leaves `size` zero bytes in the output, for a header the caller fills in. */
  reserve(size: number): this {
    this.ensure(size);
    this.buffer.fill(0, this.position, this.position + size);
    this.position += size;
    return this;
  }

  finish(): Buffer<ArrayBuffer> {
    const result = Buffer.allocUnsafe(this.position);
    this.buffer.copy(result, 0, 0, this.position);
    this.reset();
    return result;
  }

  /** Starts a nested message; one byte is reserved for its length, which fits whatever is under 128 bytes. */
  fork(): this {
    this.ensure(1);
    this.forks.push(this.position++);
    return this;
  }

  join(): this {
    const start = this.forks.pop();
    if (start === undefined) throw new Error('join without fork');
    const length = this.position - start - 1;
    const prefix = varintSize(length);
    if (prefix > 1) {
      this.ensure(prefix - 1);
      this.buffer.copyWithin(start + prefix, start + 1, this.position);
    }
    this.position = start;
    this.uint32(length);
    this.position += length;
    return this;
  }

  tag(fieldNo: number, type: WireType): this {
    return this.uint32(((fieldNo << 3) | type) >>> 0);
  }

  raw(chunk: Uint8Array): this {
    this.ensure(chunk.length);
    this.buffer.set(chunk, this.position);
    this.position += chunk.length;
    return this;
  }

  uint32(value: number): this {
    if (value >>> 0 !== value) throw outOfRange('uint32', value);
    this.ensure(5);
    const { buffer } = this;
    let { position } = this;
    let rest = value;
    while (rest > 0x7f) {
      buffer[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[position++] = rest;
    this.position = position;
    return this;
  }

  int32(value: number): this {
    if ((value | 0) !== value) throw outOfRange('int32', value);
    return value >= 0 ? this.uint32(value) : this.varint64(value >>> 0, 0xffffffff);
  }

  sint32(value: number): this {
    if ((value | 0) !== value) throw outOfRange('sint32', value);
    return this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  bool(value: boolean): this {
    this.ensure(1);
    this.buffer[this.position++] = value ? 1 : 0;
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.uint32(value.byteLength).raw(value);
  }

  string(value: string): this {
    const { length } = value;
    this.ensure(length * 3 + 5);
    if (length <= ASCII_LOOP_LIMIT && this.shortAscii(value)) return this;
    // The prefix is sized as if the text were ASCII; other text is moved once.
    const guess = varintSize(length);
    const start = this.position;
    const written = this.buffer.write(value, start + guess, 'utf8');
    const prefix = varintSize(written);
    if (prefix !== guess) this.buffer.copyWithin(start + prefix, start + guess, start + guess + written);
    this.uint32(written);
    this.position += written;
    return this;
  }

  float(value: number): this {
    this.ensure(4);
    this.position = this.buffer.writeFloatLE(value, this.position);
    return this;
  }

  double(value: number): this {
    this.ensure(8);
    this.position = this.buffer.writeDoubleLE(value, this.position);
    return this;
  }

  fixed32(value: number): this {
    if (value >>> 0 !== value) throw outOfRange('fixed32', value);
    this.ensure(4);
    this.position = this.buffer.writeUInt32LE(value, this.position);
    return this;
  }

  sfixed32(value: number): this {
    if ((value | 0) !== value) throw outOfRange('sfixed32', value);
    return this.fixed32(value >>> 0);
  }

  fixed64(value: string | number | bigint): this {
    this.ensure(8);
    this.position = this.buffer.writeBigUInt64LE(BigInt(value), this.position);
    return this;
  }

  sfixed64(value: string | number | bigint): this {
    this.ensure(8);
    this.position = this.buffer.writeBigInt64LE(BigInt(value), this.position);
    return this;
  }

  int64(value: string | number | bigint): this {
    const wide = BigInt(value);
    if (BigInt.asIntN(64, wide) !== wide) throw outOfRange('int64', value);
    return this.bits64(wide);
  }

  uint64(value: string | number | bigint): this {
    const wide = BigInt(value);
    if (BigInt.asUintN(64, wide) !== wide) throw outOfRange('uint64', value);
    return this.bits64(wide);
  }

  sint64(value: string | number | bigint): this {
    const wide = BigInt(value);
    if (BigInt.asIntN(64, wide) !== wide) throw outOfRange('sint64', value);
    return this.bits64((wide << 1n) ^ (wide >> 63n));
  }

  private ensure(size: number): void {
    const required = this.position + size;
    if (required <= this.buffer.length) return;
    let capacity = this.buffer.length * 2;
    while (capacity < required) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.buffer.copy(grown, 0, 0, this.position);
    this.buffer = grown;
  }

  /** Writes prefix and text and says true, or leaves the position alone when a character is not ASCII. */
  private shortAscii(value: string): boolean {
    const { buffer } = this;
    const { length } = value;
    let { position } = this;
    buffer[position++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[position++] = code;
    }
    this.position = position;
    return true;
  }

  private bits64(value: bigint): this {
    return this.varint64(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
  }

  private varint64(low: number, high: number): this {
    this.ensure(10);
    const { buffer } = this;
    let { position } = this;
    let lo = low;
    let hi = high;
    while (hi !== 0 || lo > 0x7f) {
      buffer[position++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    buffer[position++] = lo;
    this.position = position;
    return this;
  }
}
