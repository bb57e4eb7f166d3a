// Firmware of our own for a PC that executes IN EAX, DX and OUT DX, EAX with registers that come over COM1, and sends them back.

/** Where it keeps them: EAX, EBX, ECX, EDX, ESI, EDI, then a byte that is not 0 for OUT. */
const AT = [0x00, 0x10];
const at = (offset) => [AT[0] + offset, AT[1]];

const CODE = [
  ...[0xbf, ...AT, 0xb9, 25, 0], // mov $registers, %di; mov $25, %cx
  ...[0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8], // read: mov $0x3fd, %dx; in (%dx), %al; test $1, %al; je read
  ...[0xb2, 0xf8, 0xec, 0xaa, 0xe2, 0xf2], // mov $0xf8, %dl; in (%dx), %al; stosb; loop read
  ...[0x66, 0xa1, ...at(0)], // mov registers, %eax
  ...[0x66, 0x8b, 0x1e, ...at(4)], // mov registers + 4, %ebx
  ...[0x66, 0x8b, 0x0e, ...at(8)],
  ...[0x66, 0x8b, 0x16, ...at(12)],
  ...[0x66, 0x8b, 0x36, ...at(16)],
  ...[0x66, 0x8b, 0x3e, ...at(20)],
  ...[0x80, 0x3e, ...at(24), 0, 0x75, 0x04], // cmpb $0, registers + 24; jne output
  ...[0x66, 0xed, 0xeb, 0x02], // in (%dx), %eax; jmp store
  ...[0x66, 0xef], // output: out %eax, (%dx)
  ...[0x66, 0xa3, ...at(0)], // store: mov %eax, registers
  ...[0x66, 0x89, 0x1e, ...at(4)], // mov %ebx, registers + 4
  ...[0x66, 0x89, 0x0e, ...at(8)],
  ...[0x66, 0x89, 0x16, ...at(12)],
  ...[0x66, 0x89, 0x36, ...at(16)],
  ...[0x66, 0x89, 0x3e, ...at(20)],
  ...[0xbe, ...AT, 0xb9, 24, 0], // mov $registers, %si; mov $24, %cx
  ...[0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xf8], // write: mov $0x3fd, %dx; in (%dx), %al; test $0x20, %al; je write
  ...[0xb2, 0xf8, 0xac, 0xee, 0xe2, 0xf2], // mov $0xf8, %dl; lodsb; out %al, (%dx); loop write
];

/** An image for `-bios`, 64 KiB. */
export function portGuest() {
  const image = new Uint8Array(0x10000).fill(0xf4);
  image.set([...CODE, 0xeb, (-CODE.length - 2) & 0xff]); // jmp to the start
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // ljmp $0xf000, $0
  return image;
}

/** What it is sent for an access: [eax, ebx, ecx, edx, esi, edi], and whether it is OUT. */
export function portRequest(registers, isOut = false) {
  const bytes = new Uint8Array(25);
  const view = new DataView(bytes.buffer);
  registers.forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  bytes[24] = isOut ? 1 : 0;
  return bytes;
}

/** What it answers with. */
export const ANSWER_BYTES = 24;

/** The registers in an answer. */
export function portAnswer(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ANSWER_BYTES);
  return Array.from({ length: 6 }, (_, i) => view.getUint32(i * 4, true));
}
