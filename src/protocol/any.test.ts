import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JSON_TYPE_URLS, packAny, packJson, typeNameOf, unpackAny, unpackJson } from './any.js';
import { TaskExit } from './gen/containerd/events/events.js';

describe('Any', () => {
  it('is written under the bare name', () => {
    const any = packAny('containerd.events.TaskExit', TaskExit, TaskExit.create({ containerId: 'c', exitStatus: 137 }));
    assert.equal(any.typeUrl, 'containerd.events.TaskExit');
    assert.equal(any.value.toString('hex'), '0a0163208901');
  });

  it('is read by what follows the last slash', () => {
    const value = Buffer.from('0a0163', 'hex');
    for (const typeUrl of [
      'containerd.events.TaskExit',
      'type.googleapis.com/containerd.events.TaskExit',
      '/a/b/containerd.events.TaskExit',
    ]) {
      assert.equal(typeNameOf({ typeUrl }), 'containerd.events.TaskExit');
      assert.equal(unpackAny({ typeUrl, value }, 'containerd.events.TaskExit', TaskExit)?.containerId, 'c');
    }
    assert.equal(
      unpackAny({ typeUrl: 'containerd.events.TaskStart', value }, 'containerd.events.TaskExit', TaskExit),
      undefined,
    );
    assert.equal(typeNameOf({ typeUrl: '' }), '');
  });

  it('carries OCI documents as JSON', () => {
    const any = packJson('Process', { args: ['sh', 'é'], terminal: true });
    assert.equal(any.typeUrl, 'types.containerd.io/opencontainers/runtime-spec/1/Process');
    assert.equal(any.value.toString(), '{"args":["sh","é"],"terminal":true}');
    assert.deepEqual(unpackJson(any, 'Process'), { args: ['sh', 'é'], terminal: true });
    assert.equal(unpackJson(any, 'Spec'), undefined);
    assert.equal(typeNameOf(any), 'Process');
    assert.equal(JSON_TYPE_URLS.Features, 'types.containerd.io/opencontainers/runtime-spec/1/features/Features');
  });

  it('takes prepared JSON text unchanged', () => {
    const text = Buffer.from('{"linux":{"resources":{"pids":{"limit":9223372036854775807}}}}');
    assert.equal(packJson('Spec', text).value, text);
  });

  it('reports broken JSON', () => {
    assert.throws(() => unpackJson({ typeUrl: JSON_TYPE_URLS.Spec, value: Buffer.from('{') }, 'Spec'), SyntaxError);
  });
});
