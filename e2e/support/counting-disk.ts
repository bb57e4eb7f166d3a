import { assemble, label, to } from './assemble.ts';
import { write } from './files.ts';

const SECTOR = 512;
const DISK_BYTES = 1 << 20;
/** Where the sector's text lies in it, and the digit in the text. */
const TEXT = 0x100;
const PREFIX = 'Started ';
const DIGIT = TEXT + 2 + PREFIX.length;

const word = (at: number): [number, number] => [at & 0xff, 0x7c + (at >> 8)];

/**
 * A boot sector that counts how often it was started, in a digit of its own text: it adds one, writes itself back to the disk (INT 13h), flushes the
 * disk's cache (FLUSH CACHE of the primary master) and prints the text, with E behind it if the BIOS or the disk reports an error. Each key does it again.
 */
const CODE = assemble([
  ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0], // xor %ax, %ax; mov %ax, %ds; mov %ax, %es
  label('again'),
  ...[0xfe, 0x06, ...word(DIGIT)], // incb digit
  ...[0xb8, 0x01, 0x03, 0xbb, 0x00, 0x7c], // mov $0x0301, %ax; mov $0x7c00, %bx
  ...[0xb9, 0x01, 0x00, 0xba, 0x80, 0x00, 0xcd, 0x13], // mov $1, %cx; mov $0x80, %dx; int $0x13
  ...[0x0f, 0x92, 0xc3], // setc %bl
  ...[0xba, 0xf7, 0x01, 0xb0, 0xe7, 0xee], // mov $0x1f7, %dx; mov $FLUSH_CACHE, %al; out %al, (%dx)
  label('busy'),
  ...[0xec, 0xa8, 0x80, 0x75, to('busy')], // in (%dx), %al; test $BSY, %al; jne busy
  ...[0x24, 0x01, 0x08, 0xc3], // and $ERR, %al; or %al, %bl
  ...[0xbe, ...word(TEXT)], // mov $text, %si
  label('print'),
  ...[0xac, 0x84, 0xc0, 0x74, to('printed')], // lodsb; test %al, %al; je printed
  ...[0x53, 0xb7, 0x00, 0xb4, 0x0e, 0xcd, 0x10, 0x5b], // push %bx; mov $0, %bh; mov $0x0e, %ah; int $0x10; pop %bx
  ...[0xeb, to('print')], // jmp print
  label('printed'),
  ...[0x84, 0xdb, 0x74, to('key')], // test %bl, %bl; je key
  ...[0xb8, 0x45, 0x0e, 0x31, 0xdb, 0xcd, 0x10], // mov $0x0e45, %ax; xor %bx, %bx; int $0x10
  label('key'),
  ...[0x30, 0xe4, 0xcd, 0x16, 0xeb, to('again')], // xor %ah, %ah; int $0x16; jmp again
]);

/** A disk of 1 MiB with this sector, as a file in `folder`. It prints `Started 1` at first. */
export function countingDisk(folder: string): string {
  const disk = Buffer.alloc(DISK_BYTES);
  disk.set(CODE);
  disk.write(`\r\n${PREFIX}0 \0`, TEXT, 'latin1');
  disk.writeUInt16LE(0xaa55, SECTOR - 2);
  return write(folder, 'counting-disk.img', disk);
}
