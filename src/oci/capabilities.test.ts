import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capabilitiesOf, knownCapabilities, namesOf } from './capabilities.js';

const ALL = namesOf((1n << 41n) - 1n);
const DOCKER = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

const sorted = (asked: Parameters<typeof capabilitiesOf>[0], available = ALL) =>
  [...(capabilitiesOf(asked, available).bounding ?? [])].sort();

describe('capabilitiesOf', () => {
  it("gives Docker's defaults, alike in three sets and none in the others", () => {
    assert.deepEqual(sorted({}), DOCKER);
    const { bounding, effective, permitted, ...others } = capabilitiesOf({}, ALL);
    assert.deepEqual([effective, permitted, others], [bounding, bounding, {}]);
  });

  it('adds and drops names with and without their prefix, in any case', () => {
    assert.deepEqual(
      sorted({ CapAdd: ['sys_time', 'CAP_SYSLOG'], CapDrop: ['Cap_Kill', 'mknod'] }),
      [...DOCKER.filter((name) => !/KILL|MKNOD/.test(name)), 'CAP_SYSLOG', 'CAP_SYS_TIME'].sort(),
    );
  });

  it('lets what is added win over what is dropped, and ALL to add over ALL to drop', () => {
    assert.deepEqual(sorted({ CapDrop: ['ALL'], CapAdd: ['KILL'] }), ['CAP_KILL']);
    assert.deepEqual(sorted({ CapDrop: ['KILL'], CapAdd: ['KILL'] }), DOCKER);
    assert.equal(sorted({ CapDrop: ['ALL', 'KILL'], CapAdd: ['ALL'] }).length, ALL.length - 1);
  });

  it("leaves out what the host's root lacks, and refuses it when it is named", () => {
    const available = ALL.filter((name) => name !== 'CAP_SYS_RESOURCE' && name !== 'CAP_MKNOD');
    assert.ok(!sorted({}, available).includes('CAP_MKNOD'));
    assert.deepEqual(sorted({ Privileged: true }, available), [...available].sort());
    assert.deepEqual(sorted({ CapAdd: ['all'] }, available), [...available].sort());
    assert.throws(
      () => capabilitiesOf({ CapAdd: ['SYS_RESOURCE'] }, available),
      /invalid CapAdd: capability not supported by your kernel or not available .*: "CAP_SYS_RESOURCE"/,
    );
    capabilitiesOf({ CapDrop: ['SYS_RESOURCE'] }, available);
  });

  it('refuses a name that no kernel knows', () => {
    assert.throws(() => capabilitiesOf({ CapAdd: ['x'] }, ALL), /invalid CapAdd: unknown capability: "CAP_X"/);
  });

  it('reads the bits in their order', () => {
    assert.deepEqual(namesOf(0b101n), ['CAP_CHOWN', 'CAP_DAC_READ_SEARCH']);
    assert.deepEqual(namesOf(1n << 40n), ['CAP_CHECKPOINT_RESTORE']);
    assert.deepEqual(namesOf(1n << 50n), []);
    assert.ok(knownCapabilities().every((name) => ALL.includes(name)));
  });
});
