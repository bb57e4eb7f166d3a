import { VmError } from '../../core/errors.ts';

/** Specification: Tool Interface Standard ELF 1.2, and the processor supplements for e_machine. */
const EI_CLASS = 4;
const EI_DATA = 5;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

export const EM_RISCV = 243;

/** Names of the machines whose files people are most likely to hand us. */
const MACHINES = new Map([
  [2, 'SPARC'],
  [3, 'i386'],
  [8, 'MIPS'],
  [20, '32-bit PowerPC'],
  [21, '64-bit PowerPC'],
  [22, 's390x'],
  [40, '32-bit Arm'],
  [43, '64-bit SPARC'],
  [62, 'x86-64'],
  [183, '64-bit Arm (aarch64)'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
]);

/** What an ELF file's `e_machine` is called. */
export const machineName = (machine: number): string => MACHINES.get(machine) ?? `ELF machine ${machine}`;

/** A loadable segment: bytes go to `address`, and `zeros` bytes of zero after them. */
export interface ElfSegment {
  address: number;
  bytes: Uint8Array;
  zeros: number;
}

export interface ElfFile {
  entry: number;
  segments: ElfSegment[];
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Parses a 64-bit little-endian executable for one machine.
 * @param what name of the file in messages: `kernel`
 * @throws VmError bad-image
 */
export function parseElf(bytes: Uint8Array, machine: number, what: string): ElfFile {
  const bad = (message: string): VmError => new VmError('bad-image', message);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = machineName(machine);
  if (bytes.length < 20)
    throw bad(`The ${what} is truncated: its ELF header is incomplete. Download it again.`);
  const littleEndian = bytes[EI_DATA] === ELFDATA2LSB;
  const found = view.getUint16(18, littleEndian);
  if (found !== machine) {
    const name = machineName(found);
    throw bad(`The ${what} is for ${name}, but this machine is ${wanted}: choose a ${wanted} ${what}.`);
  }
  if (bytes[EI_CLASS] !== ELFCLASS64 || !littleEndian) {
    throw bad(
      `The ${what} is a 32-bit or big-endian program: this machine needs a 64-bit little-endian one.`,
    );
  }
  if (bytes.length < HEADER_BYTES)
    throw bad(`The ${what} is truncated: its ELF header is incomplete. Download it again.`);
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) {
    throw bad(`The ${what} is an ELF file of type ${type}, not an executable: link it first.`);
  }
  const entry = u64(view, 24);
  const tableAt = u64(view, 32);
  const entrySize = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count > 0 && (entrySize < PROGRAM_HEADER_BYTES || tableAt + count * entrySize > bytes.length)) {
    throw bad(
      `The ${what} is truncated: its program headers end past the end of the file. Download it again.`,
    );
  }
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = tableAt + i * entrySize;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = u64(view, at + 8);
    const address = u64(view, at + 24); // p_paddr
    const fileBytes = u64(view, at + 32);
    const memoryBytes = u64(view, at + 40);
    if (offset + fileBytes > bytes.length) {
      throw bad(
        `The ${what} is truncated: a segment ends at byte ${offset + fileBytes}, the file has ${bytes.length}. Download it again.`,
      );
    }
    if (memoryBytes < fileBytes)
      throw bad(`The ${what} is damaged: segment ${i} is larger in the file than in memory.`);
    if (memoryBytes === 0) continue;
    segments.push({
      address,
      bytes: bytes.subarray(offset, offset + fileBytes),
      zeros: memoryBytes - fileBytes,
    });
  }
  if (segments.length === 0)
    throw bad(`The ${what} has nothing to load: it is an ELF file without loadable segments.`);
  return { entry, segments };
}

/** Addresses past 2^53 lie outside of any memory; the loss of precision only moves them within the outside. */
function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
