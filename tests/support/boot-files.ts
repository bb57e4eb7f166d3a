/** Makes small files of the formats that loaders read. */

export interface TestSegment {
  address: number;
  bytes: Uint8Array;
  /** Size in memory; default: as in the file. */
  memory?: number;
  type?: number;
}

/** A little-endian 64-bit ELF executable. */
export function elf64(entry: number, segments: TestSegment[], { machine = 243, type = 2 } = {}): Uint8Array {
  const headers = 64 + segments.length * 56;
  const size = headers + segments.reduce((sum, s) => sum + s.bytes.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let offset = headers;
  segments.forEach((segment, i) => {
    const at = 64 + i * 56;
    view.setUint32(at, segment.type ?? 1, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, 0xffff_ffff_8000_0000n, true); // p_vaddr is not where it is loaded
    view.setBigUint64(at + 24, BigInt(segment.address), true);
    view.setBigUint64(at + 32, BigInt(segment.bytes.length), true);
    view.setBigUint64(at + 40, BigInt(segment.memory ?? segment.bytes.length), true);
    bytes.set(segment.bytes, offset);
    offset += segment.bytes.length;
  });
  return bytes;
}

/** A RISC-V Linux Image; with `pe` it has the header of an EFI program whose one section ends at the file's end. */
export function riscvImage(size: number, { imageSize = size, pe = false } = {}): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, 0x200000n, true);
  view.setBigUint64(16, BigInt(imageSize), true);
  bytes.set(Buffer.from('RISCV\0\0\0RSC\x05', 'latin1'), 48);
  if (pe) {
    bytes.set(Buffer.from('MZ'));
    view.setUint32(60, 64, true);
    bytes.set(Buffer.from('PE\0\0'), 64);
    view.setUint16(64 + 6, 1, true);
    view.setUint16(64 + 20, 0, true);
    view.setUint32(64 + 24 + 16, size - 256, true);
    view.setUint32(64 + 24 + 20, 256, true);
  }
  return bytes;
}

/** A bzImage of Linux's boot protocol: two setup sectors and `size` bytes of kernel, in which each byte is its index. */
export function bzImage(
  size: number,
  {
    version = 0x020f,
    is64 = false,
    above4G = false,
    initrdMax = 0x7fff_ffff,
    preferred = 0x100_0000,
    initSize = 0x200_0000,
    loadflags = 0x01,
    commandLineMax = 2047,
  } = {},
): Uint8Array {
  const setup = 3 * 512;
  const bytes = new Uint8Array(setup + size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0x1f1, 2);
  view.setUint32(0x1f4, size / 16, true);
  view.setUint16(0x1fe, 0xaa55, true);
  bytes.set([0xeb, 0x6a], 0x200);
  bytes.set(Buffer.from('HdrS'), 0x202);
  view.setUint16(0x206, version, true);
  view.setUint8(0x211, loadflags);
  view.setUint32(0x214, 0x100000, true);
  view.setUint32(0x22c, initrdMax, true);
  view.setUint16(0x236, (is64 ? 1 : 0) | (above4G ? 2 : 0), true);
  view.setUint32(0x238, commandLineMax, true);
  view.setBigUint64(0x258, BigInt(preferred), true);
  view.setUint32(0x260, initSize, true);
  for (let i = 0; i < size; i++) bytes[setup + i] = i;
  return bytes;
}
