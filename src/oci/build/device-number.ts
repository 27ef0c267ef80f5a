/** A device number as glibc and the kernel pack it into 64 bits (makedev(3)). Ask `stat` for bigints. */
export function deviceNumber(packed: bigint): { major: number; minor: number } {
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n);
  const minor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
