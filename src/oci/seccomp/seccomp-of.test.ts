import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FailedPreconditionError, InvalidArgumentError } from '../../errdefs/index.js';
import type { OciSeccomp } from '../runtime-spec.js';
import { ORDINARY_SYSCALLS } from './ordinary-syscalls.js';
import { type SeccompTarget, seccompOf } from './seccomp-of.js';

const TARGET: SeccompTarget = {
  capabilities: ['CAP_SYS_CHROOT'],
  privileged: false,
  arch: 'x64',
  kernel: { major: 6, minor: 1 },
};

const filter = (change: Partial<SeccompTarget> = {}): OciSeccomp => {
  const made = seccompOf({ kind: 'default' }, { ...TARGET, ...change });
  assert.ok(made);
  return made;
};

/** What a filter answers to a call, as the kernel decides: the rules that match, else the default. */
function answer({ syscalls = [], defaultAction }: OciSeccomp, name: string, ...args: readonly number[]): string {
  const rule = syscalls.find(
    (each) =>
      each.names.includes(name) &&
      (each.args ?? []).every(({ index, value, valueTwo = 0, op }) => {
        const given = BigInt(args[index] ?? 0);
        return op === 'SCMP_CMP_MASKED_EQ' ? (given & BigInt(value)) === BigInt(valueTwo) : given === BigInt(value);
      }),
  );
  return rule === undefined ? defaultAction : `${rule.action}${rule.errnoRet ?? ''}`;
}

const ALLOW = 'SCMP_ACT_ALLOW';
const EPERM = 'SCMP_ACT_ERRNO';
const ENOSYS = 'SCMP_ACT_ERRNO38';

describe('the default filter', () => {
  it('names each call once', () => {
    assert.equal(new Set(ORDINARY_SYSCALLS).size, ORDINARY_SYSCALLS.length);
    assert.ok(ORDINARY_SYSCALLS.every((name) => /^[a-z_][a-z0-9_]+$/.test(name)));
  });

  it('lets ordinary work pass and refuses what reaches beyond', () => {
    const made = filter();
    for (const name of ['read', 'futex', 'clock_gettime64', 'openat2', 'landlock_add_rule', 'chroot', 'ptrace']) {
      assert.equal(answer(made, name), ALLOW, name);
    }
    for (const name of ['keyctl', 'io_uring_setup', 'userfaultfd', 'kexec_load', 'mount', 'bpf', 'setns', 'unshare']) {
      assert.equal(answer(made, name), EPERM, name);
    }
  });

  it('opens calls with the capability that they need', () => {
    const opened = { CAP_SYS_ADMIN: 'mount', CAP_SYS_TIME: 'settimeofday', CAP_BPF: 'bpf', CAP_SYSLOG: 'syslog' };
    for (const [capability, name] of Object.entries(opened)) {
      assert.equal(answer(filter({ capabilities: [] }), name), EPERM, name);
      assert.equal(answer(filter({ capabilities: [capability] }), name), ALLOW, name);
    }
  });

  it('lets clone make processes and no namespaces, on s390 too', () => {
    const made = filter();
    assert.equal(answer(made, 'clone', 0x1200011), ALLOW);
    assert.equal(answer(made, 'clone', 0x10000011), EPERM);
    assert.equal(answer(made, 'clone3'), ENOSYS);
    const s390 = filter({ arch: 's390x' });
    assert.equal(answer(s390, 'clone', 0x10000011, 0), ALLOW);
    assert.equal(answer(s390, 'clone', 0, 0x20000), EPERM);
    const admin = filter({ capabilities: ['CAP_SYS_ADMIN'] });
    assert.deepEqual([answer(admin, 'clone', 0x10000011), answer(admin, 'clone3')], [ALLOW, ALLOW]);
  });

  it('lets sockets of all families but two be made, whatever is above 32 bits', () => {
    const made = filter();
    for (let family = 0; family <= 47; family++) {
      const expected = family === 38 || family === 40 ? EPERM : ALLOW;
      assert.equal(answer(made, 'socket', family), expected, `family ${family}`);
      assert.equal(answer(made, 'socket', family + 2 ** 32), expected, `family ${family} above 32 bits`);
    }
  });

  it('takes the personalities of setarch and no others', () => {
    assert.equal(answer(filter(), 'personality', 0x20008), ALLOW);
    assert.equal(answer(filter(), 'personality', 0x40000), EPERM);
  });

  it('keeps ptrace back on kernels where it goes round a filter', () => {
    const kernel = { major: 4, minor: 7 };
    assert.equal(answer(filter({ kernel }), 'ptrace'), EPERM);
    assert.equal(answer(filter({ kernel, capabilities: ['CAP_SYS_PTRACE'] }), 'ptrace'), ALLOW);
  });

  it('follows the architecture', () => {
    assert.deepEqual(filter().architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    assert.equal(answer(filter(), 'arch_prctl'), ALLOW);
    assert.deepEqual(filter({ arch: 'arm64' }).architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    assert.equal(answer(filter({ arch: 'arm64' }), 'arch_prctl'), EPERM);
    assert.equal(answer(filter({ arch: 'riscv64' }), 'riscv_flush_icache'), ALLOW);
    assert.equal('architectures' in filter({ arch: 'unheard-of' }), false);
  });
});

describe('seccompOf', () => {
  const profileOf = (document: unknown, change: Partial<SeccompTarget> = {}) =>
    seccompOf({ kind: 'profile', text: JSON.stringify(document) }, { ...TARGET, ...change });

  it('gives none when unconfined, when privileged without a profile, and without seccomp', () => {
    assert.equal(seccompOf({ kind: 'unconfined' }, TARGET), undefined);
    assert.equal(seccompOf({ kind: 'default' }, { ...TARGET, privileged: true }), undefined);
    assert.equal(seccompOf({ kind: 'default' }, { ...TARGET, hasSeccomp: false }), undefined);
    assert.deepEqual(seccompOf({ kind: 'builtin' }, { ...TARGET, privileged: true }), filter());
    assert.throws(() => profileOf({}, { hasSeccomp: false }), FailedPreconditionError);
  });

  it('passes a profile of the runtime specification as it is', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [
        { names: ['chmod'], action: 'SCMP_ACT_ERRNO', errnoRet: 5, args: [{ index: 1, value: 7, op: 'SCMP_CMP_EQ' }] },
      ],
    };
    assert.deepEqual(profileOf({ ...profile, odd: 1 }, { privileged: true }), profile);
  });

  it("decides the conditions of Docker's format", () => {
    const rule = (name: string, more: object) => ({ names: [name], action: 'SCMP_ACT_ALLOW', args: [], ...more });
    const made = profileOf({
      defaultAction: 'SCMP_ACT_ERRNO',
      archMap: [
        { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
        { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
      ],
      syscalls: [
        { name: 'a', action: 'SCMP_ACT_ALLOW' },
        rule('b', { includes: { caps: ['CAP_SYS_CHROOT'] } }),
        rule('c', { includes: { caps: ['CAP_SYS_CHROOT', 'CAP_KILL'] } }),
        rule('d', { excludes: { caps: ['CAP_KILL', 'CAP_SYS_CHROOT'] } }),
        rule('e', { includes: { arches: ['amd64', 'x32'] } }),
        rule('f', { excludes: { arches: ['amd64'] } }),
        rule('g', { includes: { minKernel: '6.1' } }),
        rule('h', { includes: { minKernel: '6.2' } }),
        rule('i', { excludes: { minKernel: '4.8' } }),
        rule('j', { includes: null, excludes: {} }),
      ],
    });
    assert.deepEqual(
      made?.syscalls?.flatMap(({ names }) => names),
      ['a', 'b', 'e', 'g', 'j'],
    );
    assert.deepEqual(made?.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  });

  it('takes a profile that says nothing for none', () => {
    assert.equal(profileOf({}), undefined);
  });

  for (const [problem, document] of [
    [
      'seccomp profile.syscalls[0].action',
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['a'], action: 'x' }] },
    ],
    ['no defaultAction', { syscalls: [{ names: ['a'], action: 'SCMP_ACT_ALLOW' }] }],
    [
      "both 'name' and 'names'",
      { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ name: 'a', names: ['b'], action: 'SCMP_ACT_ALLOW' }] },
    ],
    [
      "both 'architectures' and 'archMap'",
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['a'], archMap: [{ architecture: 'b' }] },
    ],
    [
      'invalid kernel version: "5"',
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['a'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '5' } }],
      },
    ],
    [
      '2^53-1',
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['a'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: -1, op: 'SCMP_CMP_EQ' }] }],
      },
    ],
  ] as const) {
    it(`refuses a profile and says: ${problem}`, () => {
      assert.throws(
        () => profileOf(document),
        (error: unknown) => error instanceof InvalidArgumentError && error.message.includes(problem),
      );
    });
  }

  it('refuses what is no JSON', () => {
    assert.throws(() => seccompOf({ kind: 'profile', text: '/etc/p.json' }, TARGET), /Decoding seccomp profile failed/);
  });
});
