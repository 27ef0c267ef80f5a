import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSecurityOpt } from './security-opt.js';

describe('parseSecurityOpt', () => {
  it('asks for nothing when nothing is said', () => {
    assert.deepEqual(parseSecurityOpt(undefined), {
      noNewPrivileges: false,
      seccomp: { kind: 'default' },
      apparmor: undefined,
      labels: [],
      systemPathsUnconfined: false,
      writableCgroups: false,
    });
  });

  it('reads both separators, and flags with and without a value', () => {
    assert.equal(parseSecurityOpt(['no-new-privileges']).noNewPrivileges, true);
    assert.equal(parseSecurityOpt(['no-new-privileges:true']).noNewPrivileges, true);
    assert.equal(parseSecurityOpt(['no-new-privileges', 'no-new-privileges=0']).noNewPrivileges, false);
    assert.equal(parseSecurityOpt(['writable-cgroups']).writableCgroups, true);
    assert.equal(parseSecurityOpt(['systempaths=unconfined']).systemPathsUnconfined, true);
    assert.equal(parseSecurityOpt(['apparmor:mine']).apparmor, 'mine');
    assert.deepEqual(parseSecurityOpt(['label=type:a', 'label:disable', 'disable']).labels, [
      'type:a',
      'disable',
      'disable',
    ]);
  });

  it('tells the kinds of seccomp apart', () => {
    assert.deepEqual(parseSecurityOpt(['seccomp=unconfined']).seccomp, { kind: 'unconfined' });
    assert.deepEqual(parseSecurityOpt(['seccomp=builtin']).seccomp, { kind: 'builtin' });
    assert.deepEqual(parseSecurityOpt(['seccomp={"a": "b=c"}']).seccomp, { kind: 'profile', text: '{"a": "b=c"}' });
  });

  it('refuses what it does not know', () => {
    assert.throws(() => parseSecurityOpt(['what']), /invalid --security-opt 1: "what"/);
    for (const option of ['what=ever', 'no-new-privileges=yes', 'systempaths=confined', '=a']) {
      assert.throws(() => parseSecurityOpt([option]), /invalid --security-opt 2: /, option);
    }
  });

  it('refuses a profile of AppArmor where there is none, and not its absence', () => {
    const host = { hasApparmor: false };
    assert.throws(() => parseSecurityOpt(['apparmor=mine'], host), /AppArmor is not enabled on this host/);
    assert.equal(parseSecurityOpt(['apparmor=unconfined'], host).apparmor, 'unconfined');
  });
});
