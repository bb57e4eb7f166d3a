import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SECTOR = 512;
const MESSAGE = 0x70;
/** Six bytes of zeros: an interrupt table of no length. */
const NO_TABLE = 0x60;

/**
 * A boot sector for a BIOS, loaded at 0x7c00: prints a line by INT 10h, then echoes the keys that INT 16h reads. q powers the machine off by ACPI's
 * registers where SeaBIOS puts them; r, k, p and t reset it by port 0xcf9, by the keyboard controller, by port 0x92 and by a triple fault.
 */
const code = [
  ...[0x31, 0xc0], // xor %ax, %ax
  ...[0x8e, 0xd8], // mov %ax, %ds
  ...[0x31, 0xdb], // xor %bx, %bx
  ...[0xbe, MESSAGE, 0x7c], // mov $message, %si
  0xac, // print: lodsb
  ...[0x84, 0xc0], // test %al, %al
  ...[0x74, 0x06], // je wait
  ...[0xb4, 0x0e], // mov $0x0e, %ah     write a character
  ...[0xcd, 0x10], // int $0x10
  ...[0xeb, 0xf5], // jmp print
  ...[0x30, 0xe4], // wait: xor %ah, %ah     read a key
  ...[0xcd, 0x16], // int $0x16
  ...[0x3c, 0x72, 0x74, 0x16], // cmp $'r', %al; je reset
  ...[0x3c, 0x71, 0x74, 0x1a], // cmp $'q', %al; je off
  ...[0x3c, 0x6b, 0x74, 0x1f], // cmp $'k', %al; je keyboard
  ...[0x3c, 0x70, 0x74, 0x21], // cmp $'p', %al; je port92
  ...[0x3c, 0x74, 0x74, 0x23], // cmp $'t', %al; je triple
  ...[0xb4, 0x0e], // mov $0x0e, %ah
  ...[0xcd, 0x10], // int $0x10
  ...[0xeb, 0xe2], // jmp wait
  ...[0xba, 0xf9, 0x0c], // reset: mov $0xcf9, %dx
  ...[0xb0, 0x06, 0xee, 0xeb, 0xfe], // mov $6, %al; out %al, (%dx); jmp .
  ...[0xba, 0x04, 0x06], // off: mov $0x604, %dx
  ...[0xb8, 0x00, 0x20, 0xef, 0xeb, 0xfe], // mov $0x2000, %ax; out %ax, (%dx); jmp .
  ...[0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe], // keyboard: mov $0xfe, %al; out %al, $0x64; jmp .
  ...[0xb0, 0x01, 0xe6, 0x92, 0xeb, 0xfe], // port92: mov $1, %al; out %al, $0x92; jmp .
  ...[0x0f, 0x01, 0x1e, NO_TABLE, 0x7c], // triple: lidt table
  ...[0xcc, 0xeb, 0xfe], // int3; jmp .
];

/** A boot sector that powers the machine off at once: mov $0x604, %dx; mov $0x2000, %ax; out %ax, (%dx); hlt. */
const powerOff = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4];

/** A boot sector that asks for a reset at port 0xcf9, and then writes to the serial port for ever. */
const resetAndGoOn = [
  ...[0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee], // mov $0xcf9, %dx; mov $6, %al; out %al, (%dx)
  ...[0xba, 0xf8, 0x03, 0xb0, 0x58, 0xee, 0xeb, 0xfd], // mov $0x3f8, %dx; mov $'X', %al; out %al, (%dx); jmp back
];

/** A boot sector that reads itself from its disk for ever: xor %ax, %ax; mov %ax, %es; mov $0x8000, %bx, and what follows. */
const readForEver = [
  ...[0x31, 0xc0, 0x8e, 0xc0, 0xbb, 0x00, 0x80],
  ...[0xb8, 0x01, 0x02, 0xb9, 0x01, 0x00], // mov $0x0201, %ax; mov $1, %cx
  ...[0x30, 0xf6, 0xcd, 0x13, 0xeb, 0xf4], // xor %dh, %dh; int $0x13; jmp back
];

/** A disk that its guest reads from all the time. */
export const busyDisk = (folder: string): string => writeDisk(folder, 'busy-disk.img', readForEver, '');

/** A disk that resets the machine, and goes on as if it had not. */
export const resetDisk = (folder: string): string => writeDisk(folder, 'reset-disk.img', resetAndGoOn, '');

/** A disk that powers the machine off. */
export const offDisk = (folder: string): string => writeDisk(folder, 'off-disk.img', powerOff, '');

/** A disk of 1 MiB with this sector, as a file in `folder`; `line` is what it prints. */
export const bootDisk = (folder: string, line: string): string =>
  writeDisk(folder, 'boot-disk.img', code, `\r\n${line}\r\n\0`);

function writeDisk(folder: string, name: string, program: readonly number[], message: string): string {
  const disk = Buffer.alloc(1048576);
  disk.set(program);
  disk.write(message, MESSAGE, 'latin1');
  disk.writeUInt16LE(0xaa55, SECTOR - 2);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, disk);
  return path;
}
