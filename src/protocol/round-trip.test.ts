// Every generated message against a second implementation: protobufjs, reading the same .proto files by reflection.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { decodeMessage, encodeMessage, type MessageCodec } from './wire/index.js';

type Shape = Record<string, unknown>;
type Codec = MessageCodec<Shape> & { create(base?: Shape): Shape };
interface Generated {
  readonly name: string;
  readonly codec: Codec;
  readonly type: protobuf.Type;
}

function projectRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'buf.gen.yaml'))) {
    const parent = path.dirname(folder);
    assert.notEqual(parent, folder, 'project root not found');
    folder = parent;
  }
  return folder;
}

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.join(folder, file))
    .sort();
}

function loadRoot(): protobuf.Root {
  const folder = path.join(projectRoot(), 'src', 'protocol', 'proto');
  const root = new protobuf.Root();
  for (const file of ['any', 'empty', 'field_mask', 'timestamp']) {
    const common = protobuf.common.get(`google/protobuf/${file}.proto`);
    if (common?.nested !== undefined) root.addJSON(common.nested);
  }
  for (const file of filesUnder(folder, '.proto')) {
    protobuf.parse(readFileSync(file, 'utf8'), root, { keepCase: true });
  }
  root.resolveAll();
  return root;
}

function isCodec(value: unknown): value is Codec {
  return typeof value === 'object' && value !== null && 'encode' in value && 'decode' in value && 'create' in value;
}

async function loadGenerated(root: protobuf.Root): Promise<Generated[]> {
  const found: Generated[] = [];
  const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'gen');
  for (const file of filesUnder(folder, '.js')) {
    const module: Record<string, unknown> = await import(file);
    for (const [exported, codec] of Object.entries(module)) {
      // Helper messages of map fields have no counterpart in protobufjs.
      if (!isCodec(codec) || /_\w+Entry$/.test(exported)) continue;
      const name = `${String(module.protobufPackage)}.${exported.replaceAll('_', '.')}`;
      found.push({ name, codec, type: root.lookupType(name) });
    }
  }
  return found;
}

const root = loadRoot();
const generated = await loadGenerated(root);
const codecs = new Map(generated.map((entry) => [entry.type.fullName, entry.codec]));

/** The generated property for a field: both tools turn names into camel case, but not in the same way. */
function keyOf(base: Shape, field: protobuf.Field): string {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase();
  const key = Object.keys(base).find((candidate) => plain(candidate) === plain(field.name));
  assert.ok(key, `no property for ${field.fullName}`);
  return key;
}

const MAX_INSTANT = Date.UTC(9999, 11, 31);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
);
const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 2147483647, -2147483648));
const scalars: Record<string, fc.Arbitrary<unknown>> = {
  string: text,
  bool: fc.boolean(),
  int32,
  uint32: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constant(0xffffffff)),
  int64: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constant(-(2n ** 63n))),
  uint64: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(2n ** 64n - 1n), fc.nat().map(BigInt)),
  // Minus zero equals the default and is not written.
  double: fc.double({ noNaN: true }).map((value) => value + 0),
  bytes: fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value)),
};

function single(field: protobuf.Field): fc.Arbitrary<unknown> {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return fc.oneof(fc.constantFrom(...Object.values(type.values)), int32);
  if (type === null) return scalars[field.type] ?? assert.fail(`no arbitrary for ${field.type}`);
  if (type.fullName === '.google.protobuf.Timestamp')
    return fc.integer({ min: 0, max: MAX_INSTANT }).map((ms) => new Date(ms));
  if (type.fullName === '.google.protobuf.FieldMask') return fc.array(text, { maxLength: 3 });
  return messages(type);
}

function value(field: protobuf.Field, base: unknown): fc.Arbitrary<unknown> {
  if (field.repeated) return fc.array(single(field), { maxLength: 3 });
  if (field instanceof protobuf.MapField) {
    // An object cannot hold the key "__proto__"; such a label is lost.
    const keys = text.filter((key) => key !== '__proto__');
    return fc.dictionary(keys, single(field), { maxKeys: 3, noNullPrototype: true });
  }
  return base === undefined ? fc.option(single(field), { nil: undefined }) : fc.oneof(fc.constant(base), single(field));
}

/** Random values of a message in the shape of the generated interface. */
function messages(type: protobuf.Type): fc.Arbitrary<Shape> {
  const base = codecs.get(type.fullName)?.create() ?? assert.fail(type.fullName);
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fieldsArray) {
    const key = keyOf(base, field.resolve());
    parts[key] = value(field, base[key]);
  }
  return fc.record(parts, { noNullPrototype: true }).map((message) => {
    for (const oneof of type.oneofsArray) {
      const keys = oneof.fieldsArray.map((field) => keyOf(base, field));
      const chosen = keys.find((key) => message[key] !== undefined);
      for (const key of keys) if (key !== chosen) message[key] = undefined;
    }
    return message;
  });
}

/** One value as protobufjs decoded it, in the shape of the generated interface. */
function reshapeValue(field: protobuf.Field, value: unknown): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Type) {
    const message: Shape = Object(value);
    if (type.fullName === '.google.protobuf.FieldMask') return message.paths ?? [];
    if (type.fullName === '.google.protobuf.Timestamp') {
      return new Date(Number(message.seconds ?? 0) * 1000 + Number(message.nanos ?? 0) / 1e6);
    }
    return reshape(type, message);
  }
  if (field.type === 'int64' || field.type === 'uint64') return BigInt(String(value));
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

function reshape(type: protobuf.Type, message: Shape): Shape {
  const shape = codecs.get(type.fullName)?.create() ?? assert.fail(type.fullName);
  for (const field of type.fieldsArray) {
    if (!Object.hasOwn(message, field.name)) continue;
    const raw = message[field.name];
    const key = keyOf(shape, field);
    if (Array.isArray(raw)) shape[key] = raw.map((item) => reshapeValue(field, item));
    else if (field instanceof protobuf.MapField) {
      const entries = Object.entries(Object(raw));
      shape[key] = Object.fromEntries(entries.map(([name, item]) => [name, reshapeValue(field, item)]));
    } else shape[key] = reshapeValue(field, raw);
  }
  return shape;
}

describe('generated messages', () => {
  it('cover every message of the .proto files', () => {
    const names = new Set(generated.map((entry) => entry.type.fullName));
    const missing: string[] = [];
    const visit = (namespace: protobuf.NamespaceBase): void => {
      for (const nested of namespace.nestedArray) {
        if (nested instanceof protobuf.Type && !names.has(nested.fullName)) missing.push(nested.fullName);
        if (nested instanceof protobuf.Namespace) visit(nested);
      }
    };
    visit(root);
    assert.deepEqual(missing, []);
    assert.ok(generated.length > 200, `${generated.length} messages`);
  });

  it('are nothing on the wire while empty', () => {
    for (const { name, codec } of generated) {
      assert.equal(encodeMessage(codec, codec.create()).length, 0, name);
      assert.deepEqual(decodeMessage(codec, Buffer.alloc(0)), codec.create(), name);
    }
  });

  it('round-trip through both implementations and both writers', () => {
    for (const { codec, type } of generated) {
      fc.assert(
        fc.property(messages(type), (message) => {
          const bytes = encodeMessage(codec, message);
          assert.deepEqual(bytes, Buffer.from(codec.encode(message).finish()));
          assert.deepEqual(decodeMessage(codec, bytes), message);
          const second = type.decode(bytes);
          assert.deepEqual(reshape(type, Object(second)), message);
          assert.deepEqual(decodeMessage(codec, type.encode(second).finish()), message);
        }),
        { numRuns: 20 },
      );
    }
  });

  it('decode damaged bytes to a message or an error, soon', () => {
    for (const { codec, type } of generated) {
      const damaged = fc
        .tuple(messages(type), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
        .map(([message, edits, end]) => {
          const bytes = encodeMessage(codec, message);
          for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          return bytes.subarray(0, end % (bytes.length + 1));
        });
      fc.assert(
        fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
          const started = performance.now();
          try {
            decodeMessage(codec, bytes);
          } catch (error) {
            assert.ok(error instanceof Error);
          }
          assert.ok(performance.now() - started < 1000);
        }),
        { numRuns: 20 },
      );
    }
  });
});
