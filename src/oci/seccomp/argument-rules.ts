import type { OciSeccompArgument, OciSeccompRule } from '../runtime-spec.js';

const LOW_32_BITS = 0xffffffff;

/** mount, cgroup, uts, ipc, user, pid and network: the CLONE_NEW* flags that clone(2) takes. */
const NEW_NAMESPACES = 0x7e020000;

/** Linux, and the same with the flags of `setarch`: 32-bit addresses (0x8), uname 2.6 (0x20000). All ones only asks. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

const SPANS_OF_FAMILIES = [
  { first: 0, size: 32 },
  { first: 32, size: 4 },
  { first: 36, size: 2 },
  { first: 39, size: 1 },
  { first: 41, size: 1 },
  { first: 42, size: 2 },
  { first: 44, size: 4 },
];

/**
 * socket(2) with any family that the kernel has (0 to 45) but AF_ALG (38), for holes in the kernel's own ciphers, and
 * AF_VSOCK (40), which reaches the hypervisor past all namespaces. Families are allowed span by span under a mask of 32
 * bits: the kernel reads an int, so bits above it must not decide. (Docker's profile compares 64.)
 */
export function socketRules(): OciSeccompRule[] {
  return SPANS_OF_FAMILIES.map(({ first, size }) => allow('socket', masked(0, LOW_32_BITS - (size - 1), first)));
}

/** personality(2) as `setarch` uses it; others turn off protections, such as ADDR_NO_RANDOMIZE. */
export function personalityRules(): OciSeccompRule[] {
  return PERSONALITIES.map((value) => allow('personality', { index: 0, value, op: 'SCMP_CMP_EQ' }));
}

/**
 * For containers that may not make namespaces: clone(2) without them. The flags of clone3(2) are in memory, where no
 * filter looks, so it is answered as by a kernel that lacks it, and libraries take clone(2) then.
 * @param flagsIndex where clone has its flags: the second argument on s390
 */
export function cloneRules(flagsIndex: 0 | 1): OciSeccompRule[] {
  const ENOSYS = 38;
  return [
    allow('clone', masked(flagsIndex, NEW_NAMESPACES, 0)),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}

function allow(name: string, argument: OciSeccompArgument): OciSeccompRule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [argument] };
}

/** True when the argument's bits of the mask are those of the value. */
function masked(index: number, mask: number, value: number): OciSeccompArgument {
  return { index, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}
