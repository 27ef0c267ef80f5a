import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

it('is on a pure cgroup v2', () => {
  const groups = readFileSync('/proc/self/mounts', 'utf8').match(/^.* cgroup2? .*$/gm);
  assert.equal(groups?.length, 1, String(groups));
  const controllers = readFileSync('/sys/fs/cgroup/cgroup.subtree_control', 'utf8').trim().split(' ');
  for (const name of ['cpu', 'io', 'memory', 'pids']) assert.ok(controllers.includes(name), String(controllers));
});
