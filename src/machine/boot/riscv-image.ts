import { VmError } from '../../core/errors.ts';
import { compression, looksLikeHtml } from './kernel-formats.ts';

/**
 * What a file that should be a RISC-V kernel is.
 * Specification: Linux, Documentation/arch/riscv/boot-image-header.rst; Microsoft PE/COFF for the EFI variant.
 */
const HEADER_BYTES = 64;
const MAGIC2_OFFSET = 56;
const RISCV_MAGIC2 = 0x05435352; // "RSC\x05"
const ARM64_MAGIC2 = 0x644d5241; // "ARM\x64"
const IMAGE_SIZE_OFFSET = 16;

export interface RawKernel {
  bytes: Uint8Array;
  /** Bytes of memory the kernel takes, its zero-initialised data included; the file's length if it does not say. */
  memoryBytes: number;
}

/**
 * Checks a kernel that is not an ELF file. Anything without a known header is taken as raw code, as QEMU does.
 * @throws VmError bad-image for what can be told to be something else or incomplete
 */
export function parseRawKernel(bytes: Uint8Array): RawKernel {
  const bad = (message: string): VmError => new VmError('bad-image', message);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number): number => (at + 4 <= bytes.length ? view.getUint32(at, true) : 0);
  if (bytes.length === 0) throw bad('The kernel is empty: choose another file.');
  if (u32(0x202) === 0x53726448) {
    // "HdrS": Linux x86 boot protocol.
    throw bad('This is an x86 kernel (bzImage): a riscv64 machine needs a RISC-V kernel (Image or vmlinux).');
  }
  if (u32(MAGIC2_OFFSET) === ARM64_MAGIC2) {
    throw bad(
      'This is a 64-bit Arm (aarch64) kernel: a riscv64 machine needs a RISC-V kernel (Image or vmlinux).',
    );
  }
  const packed = compression(bytes);
  if (packed)
    throw bad(`The kernel is compressed with ${packed}: unpack it first. Only gzip is unpacked here.`);
  if (u32(0) === 0x56190527)
    throw bad('The kernel is a U-Boot uImage: give the Image or vmlinux it was made from.');
  if (bytes[0] === 0x4d && bytes[1] === 0x5a && u32(4) === 0x676d697a) {
    throw bad(
      'The kernel is a compressed EFI program (vmlinuz.efi): give the Image or vmlinux it was made from.',
    );
  }
  if (looksLikeHtml(bytes)) throw bad('The kernel is a web page, not a kernel: check its address.');
  if (u32(MAGIC2_OFFSET) !== RISCV_MAGIC2) {
    if (bytes[0] === 0x4d && bytes[1] === 0x5a && bytes.length < HEADER_BYTES)
      throw truncated(bytes.length, HEADER_BYTES);
    return { bytes, memoryBytes: bytes.length };
  }
  const imageSize = Number(view.getBigUint64(IMAGE_SIZE_OFFSET, true));
  const fileSize = peFileSize(view);
  if (fileSize > bytes.length) throw truncated(bytes.length, fileSize);
  return { bytes, memoryBytes: Math.max(imageSize, bytes.length) };
}

function truncated(length: number, expected: number): VmError {
  return new VmError(
    'bad-image',
    `The kernel is truncated: it has ${length} bytes of at least ${expected}. Download it again.`,
  );
}

/**
 * Bytes that the sections of an EFI-capable Image take up in the file; 0 for an Image without a PE header. The Image
 * header itself cannot tell a truncated file: its image_size counts the zero-initialised data, which no file holds.
 */
function peFileSize(view: DataView): number {
  if (view.getUint16(0, true) !== 0x5a4d || view.byteLength < HEADER_BYTES) return 0;
  const pe = view.getUint32(60, true);
  if (pe + 24 > view.byteLength) return pe + 24;
  if (view.getUint32(pe, true) !== 0x00004550) return 0;
  const sections = view.getUint16(pe + 6, true);
  const table = pe + 24 + view.getUint16(pe + 20, true);
  let end = table + sections * 40;
  for (let i = 0; i < sections && table + i * 40 + 24 <= view.byteLength; i++) {
    const at = table + i * 40;
    end = Math.max(end, view.getUint32(at + 16, true) + view.getUint32(at + 20, true));
  }
  return end;
}
