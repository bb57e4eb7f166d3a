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
