/** Firmware of our own that plays on the PC speaker what bytes on COM1 tell it, and answers each with itself. */

import { assemble, label, to } from './assemble.ts';

/** out %al, $port of a constant. */
const out = (port: number, value: number): number[] => [0xb0, value, 0xe6, port];

const CODE = assemble([
  label('start'),
  ...[0xba, 0xfd, 0x03], // mov $0x3fd, %dx
  label('poll'),
  ...[0xec, 0xa8, 0x01, 0x74, to('poll')], // in (%dx), %al; test $1, %al; je poll
  ...[0xb2, 0xf8, 0xec, 0xee], // mov $0xf8, %dl; in (%dx), %al; out %al, (%dx)
  ...[0x3c, 0x31, 0x74, to('one')], // cmp $'1', %al; je one
  ...[0x3c, 0x32, 0x74, to('two')],
  ...[0x3c, 0x62, 0x74, to('bits')],
  ...[0x3c, 0x72, 0x74, to('reset')],
  ...[...out(0x61, 0), 0xeb, to('start')], // any other: silence
  // 1: counter 2 in mode 3 with 1193, gate and data open: 1000.15 Hz.
  label('one'),
  ...[...out(0x43, 0xb6), ...out(0x42, 0xa9), ...out(0x42, 0x04), ...out(0x61, 3), 0xeb, to('start')],
  // 2: its next count is 597: 1998.6 Hz.
  label('two'),
  ...[...out(0x42, 0x55), ...out(0x42, 0x02), 0xeb, to('start')],
  label('reset'),
  ...[0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xeb, 0xfe], // mov $0xcf9, %dx; mov $6, %al; out %al, (%dx); jmp .
  // b: the data bit is bit 9 of counter 0, which counts from 65536, until there is a byte: 1193182 / 1024 = 1165.2 Hz.
  label('bits'),
  ...[...out(0x43, 0x34), ...out(0x40, 0), ...out(0x40, 0)],
  label('again'),
  ...[...out(0x43, 0), 0xe4, 0x40, 0xe4, 0x40], // latch it; in $0x40, %al, twice
  ...[0x24, 0x02, 0xe6, 0x61], // and $2, %al; out %al, $0x61
  ...[0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, to('again'), 0xeb, to('start')],
]);

/** An image for `bios`, 64 KiB. */
export function toneFirmware(): Uint8Array {
  const image = new Uint8Array(0x10000).fill(0xf4);
  image.set(CODE);
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // ljmp $0xf000, $0
  return image;
}
