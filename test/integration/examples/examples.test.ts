import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { missing } from '../host/requirements.js';
import { TestHost } from '../host/test-host.js';

const skip = missing('containerd', 'runc', 'busybox');
const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

describe('examples', { skip }, () => {
  it('ten-lines prints what the container printed', async () => {
    const host = await TestHost.start();
    try {
      const args = [join(EXAMPLES, 'ten-lines.js'), host.rootfs, host.address];
      const { stdout } = await run(process.execPath, args, { timeout: 60_000 });
      assert.equal(stdout, 'hello from a container\n');
    } finally {
      await host.stop();
    }
  });
});
