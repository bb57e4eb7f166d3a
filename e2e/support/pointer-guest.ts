/** Firmware of our own that tells COM1 what keyboard and mouse, or VMware's pointer, tell it. */

/** out %al, $port of a constant. */
const out = (port: number, value: number): number[] => [0xb0, value, 0xe6, port];
const long = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** A byte for the mouse; its answer is read. */
const mouse = (value: number): number[] => [...out(0x64, 0xd4), ...out(0x60, value), 0xe4, 0x60];

/** Codes of set 1; then a mouse with a wheel (sample rates 200, 100, 80), which tells what it does. */
const SETUP = [
  ...[...out(0x64, 0x60), ...out(0x60, 0x44), ...out(0x64, 0xa8)],
  ...[0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4].flatMap(mouse),
];

/** A line end to the debug port and COM1: the mouse tells from now on. */
const READY = [...out(0xe9, 0x0a), 0xba, 0xf8, 0x03, 0xee]; // mov $0x3f8, %dx; out %al, (%dx)

/** For each byte of the controller two: 0x20 if it is of the mouse, else 0, and the byte. */
const PS2 = [
  ...[0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa], // in $0x64, %al; test $1, %al; je .-4
  ...[0x88, 0xc3, 0xe4, 0x60, 0x88, 0xc7], // mov %al, %bl; in $0x60, %al; mov %al, %bh
  ...[0xba, 0xf8, 0x03, 0x88, 0xd8, 0x24, 0x20, 0xee], // mov $0x3f8, %dx; mov %bl, %al; and $0x20, %al; out %al, (%dx)
  ...[0x88, 0xf8, 0xee, 0xeb, 0xe7], // mov %bh, %al; out %al, (%dx); jmp to the start
];

/** in (%dx), %eax at the backdoor: command, and %ebx. */
const backdoor = (command: number, ebx: number): number[] => [
  ...[0x66, 0xb8, ...long(0x564d5868)],
  ...[0x66, 0xbb, ...long(ebx)],
  ...[0x66, 0xb9, ...long(command)],
  ...[0xba, 0x58, 0x56, 0x66, 0xed],
];

const STATUS = backdoor(40, 0);
/** buttons in %di, x in %bx, y in %cx, wheel in %si; six bytes to COM1. */
const REPORT = [
  ...backdoor(39, 4),
  ...[0x89, 0xc7, 0x89, 0xd6, 0xba, 0xf8, 0x03], // mov %ax, %di; mov %dx, %si; mov $0x3f8, %dx
  ...[0x89, 0xf8, 0xee], // mov %di, %ax; out %al, (%dx)
  ...[0x89, 0xd8, 0xee, 0x88, 0xe0, 0xee], // mov %bx, %ax; out %al, (%dx); mov %ah, %al; out %al, (%dx)
  ...[0x89, 0xc8, 0xee, 0x88, 0xe0, 0xee], // mov %cx, %ax; the same
  ...[0x89, 0xf0, 0xee], // mov %si, %ax; out %al, (%dx)
];
/** For each event six bytes: buttons, x and y of 16 bits, wheel. */
const ABSOLUTE = [
  ...backdoor(41, 0x45414552), // its name,
  ...backdoor(39, 1),
  ...backdoor(41, 0x53424152), // and absolute places
  ...STATUS,
  ...[0x85, 0xc0, 0x74, (-STATUS.length - 4) & 0xff], // test %ax, %ax; je to STATUS
  ...REPORT,
  ...[0xeb, (-REPORT.length - 4 - STATUS.length - 2) & 0xff], // jmp to STATUS
];

/** An image for `bios`, 64 KiB. */
export function pointerFirmware(kind: 'ps2' | 'absolute'): Uint8Array {
  const image = new Uint8Array(0x10000).fill(0xf4);
  image.set([...SETUP, ...READY, ...(kind === 'ps2' ? PS2 : ABSOLUTE)]);
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // ljmp $0xf000, $0
  return image;
}
