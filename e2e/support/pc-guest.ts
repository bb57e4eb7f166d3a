import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestConfig } from '../../src/playwright/index.ts';
import { bzImage } from '../../tests/support/boot-files.ts';

/** Where the boot protocols put a kernel, and where its 64-bit entry lies in it. */
const LOADED_AT = 0x100000;
const ENTRY_64 = 0x200;

const long = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/**
 * Prints "ready", then answers each byte on COM1 with the byte in brackets; q powers off by ACPI's registers, f ends the machine with status 5,
 * r resets it, t makes the processor fault three times, since there are no handlers. The same bytes mean the same in 32-bit and in 64-bit mode.
 */
function echoProgram(base: number): number[] {
  const MESSAGE = 0x80;
  const code = [
    ...[0xba, ...long(0x3f8)], // mov $0x3f8, %edx
    ...[0xbb, ...long(base + MESSAGE)], // mov $message, %ebx
    ...[0x8a, 0x03], // print: mov (%rbx), %al
    ...[0x84, 0xc0], // test %al, %al
    ...[0x74, 0x06], // je wait
    0xee, // out %al, (%dx)
    ...[0x83, 0xc3, 0x01], // add $1, %ebx
    ...[0xeb, 0xf4], // jmp print
    ...[0xb2, 0xfd], // wait: mov $0xfd, %dl
    0xec, // poll: in (%dx), %al
    ...[0xa8, 0x01], // test $1, %al
    ...[0x74, 0xfb], // je poll
    ...[0xb2, 0xf8], // mov $0xf8, %dl
    0xec, // in (%dx), %al
    ...[0x3c, 0x71, 0x74, 0x19], // cmp $'q', %al; je off
    ...[0x3c, 0x66, 0x74, 0x21], // cmp $'f', %al; je fail
    ...[0x3c, 0x72, 0x74, 0x26], // cmp $'r', %al; je reset
    ...[0x3c, 0x74, 0x74, 0x2b], // cmp $'t', %al; je fault
    ...[0x88, 0xc1], // mov %al, %cl
    ...[0xb0, 0x5b, 0xee], // mov $'[', %al; out %al, (%dx)
    ...[0x88, 0xc8, 0xee], // mov %cl, %al; out %al, (%dx)
    ...[0xb0, 0x5d, 0xee], // mov $']', %al; out %al, (%dx)
    ...[0xeb, 0xd9], // jmp wait
    ...[0x66, 0xba, 0x04, 0x06], // off: mov $0x604, %dx
    ...[0x66, 0xb8, 0x00, 0x20], // mov $0x2000, %ax     SLP_EN, S5
    ...[0x66, 0xef, 0xeb, 0xfe], // out %ax, (%dx); jmp .
    ...[0x66, 0xba, 0x01, 0x05], // fail: mov $0x501, %dx
    ...[0xb0, 0x02, 0xee, 0xeb, 0xfe], // mov $2, %al; out %al, (%dx); jmp .
    ...[0x66, 0xba, 0xf9, 0x0c], // reset: mov $0xcf9, %dx
    ...[0xb0, 0x06, 0xee, 0xeb, 0xfe], // mov $6, %al; out %al, (%dx); jmp .
    0xcc, // fault: int3
  ];
  return [...code, ...new Array<number>(MESSAGE - code.length).fill(0x90), ...Buffer.from('ready\n\0')];
}

/** A bare-metal guest for a PC, written into `folder`; on x86_64 it starts in 64-bit mode. */
export function pcEcho(arch: 'i386' | 'x86_64', folder: string): GuestConfig {
  const bytes = bzImage(1024, { is64: arch === 'x86_64', preferred: LOADED_AT, initSize: 65536 });
  const kernel = bytes.length - 1024;
  // Each mode has its own entry; at the other one the processor shuts down.
  bytes.fill(0xcc, kernel);
  const entry = arch === 'x86_64' ? ENTRY_64 : 0;
  bytes.set(echoProgram(LOADED_AT + entry), kernel + entry);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `echo-${arch}.bzimage`);
  writeFileSync(path, bytes);
  return { arch, memory: 16, kernel: path, noReboot: true };
}
