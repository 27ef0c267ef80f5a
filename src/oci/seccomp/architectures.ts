import { endianness } from 'node:os';

export interface SeccompArchitecture {
  /** As Docker's profiles name it in `includes` and `excludes`. */
  readonly name: string;
  /** As a runtime specification names it. */
  readonly native: string;
  /** What else its kernels run, as a rule programs of 32 bits. */
  readonly others: readonly string[];
}

/** By the names of Node. What each kernel also runs follows from the kernel's own tables. */
const ARCHITECTURES: Readonly<Record<string, SeccompArchitecture>> = {
  x64: { name: 'amd64', native: 'SCMP_ARCH_X86_64', others: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
  ia32: { name: 'x86', native: 'SCMP_ARCH_X86', others: [] },
  arm64: { name: 'arm64', native: 'SCMP_ARCH_AARCH64', others: ['SCMP_ARCH_ARM'] },
  arm: { name: 'arm', native: 'SCMP_ARCH_ARM', others: [] },
  s390x: { name: 's390x', native: 'SCMP_ARCH_S390X', others: ['SCMP_ARCH_S390'] },
  riscv64: { name: 'riscv64', native: 'SCMP_ARCH_RISCV64', others: [] },
  loong64: { name: 'loongarch64', native: 'SCMP_ARCH_LOONGARCH64', others: [] },
  mips: { name: 'mips', native: 'SCMP_ARCH_MIPS', others: [] },
  mipsel: { name: 'mipsel', native: 'SCMP_ARCH_MIPSEL', others: [] },
};

const PPC64: SeccompArchitecture = { name: 'ppc64', native: 'SCMP_ARCH_PPC64', others: [] };
const PPC64LE: SeccompArchitecture = { name: 'ppc64le', native: 'SCMP_ARCH_PPC64LE', others: [] };

/** @param arch as `process.arch` has it. Undefined for one that has no seccomp filters here. */
export function architectureOf(arch: string): SeccompArchitecture | undefined {
  if (arch === 'ppc64') return endianness() === 'LE' ? PPC64LE : PPC64;
  return Object.hasOwn(ARCHITECTURES, arch) ? ARCHITECTURES[arch] : undefined;
}
