/** Where a static program of 32 bits is loaded as a rule. */
const BASE = 0x08048000;
const HEADERS = 52 + 32;

/** `tray DEVICE` opens the tray of a CD-ROM drive (CDROMEJECT, 0x5309), `tray DEVICE close` closes it (CDROMCLOSETRAY, 0x5319); status: the error. */
const code = [
  0x58, // pop %eax                          argc
  ...[0x5b, 0x5b], // pop %ebx; pop %ebx     argv[1]
  ...[0x89, 0xc6], // mov %eax, %esi
  ...[0xb9, 0x00, 0x08, 0x00, 0x00], // mov $O_NONBLOCK, %ecx
  ...[0x31, 0xd2], // xor %edx, %edx
  ...[0xb8, 0x05, 0x00, 0x00, 0x00, 0xcd, 0x80], // open
  ...[0x89, 0xc3], // mov %eax, %ebx
  ...[0xc1, 0xe6, 0x04], // shl $4, %esi
  ...[0x8d, 0x8e, 0xe9, 0x52, 0x00, 0x00], // lea 0x52e9(%esi), %ecx
  ...[0xb8, 0x36, 0x00, 0x00, 0x00, 0xcd, 0x80], // ioctl
  ...[0x89, 0xc3, 0xf7, 0xdb], // mov %eax, %ebx; neg %ebx
  ...[0xb8, 0x01, 0x00, 0x00, 0x00, 0xcd, 0x80], // exit
];

/** An ELF file for Linux on i386 (System V ABI, 4th edition; busybox has no program that opens trays). */
function trayProgram(): Buffer {
  const file = Buffer.alloc(HEADERS + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  file.writeUInt16LE(2, 16); // an executable
  file.writeUInt16LE(3, 18); // of the 80386
  file.writeUInt32LE(1, 20);
  file.writeUInt32LE(BASE + HEADERS, 24);
  file.writeUInt32LE(52, 28); // program headers
  file.writeUInt16LE(52, 40);
  file.writeUInt16LE(32, 42);
  file.writeUInt16LE(1, 44);
  file.writeUInt32LE(1, 52); // to be loaded
  file.writeUInt32LE(BASE, 60);
  file.writeUInt32LE(BASE, 64);
  file.writeUInt32LE(file.length, 68);
  file.writeUInt32LE(file.length, 72);
  file.writeUInt32LE(5, 76); // readable and executable
  file.writeUInt32LE(0x1000, 80);
  file.set(code, HEADERS);
  return file;
}

/** What a shell in the guest does to have the program at `path`. */
export function trayCommand(path: string): string {
  const octal = [...trayProgram()].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  return `printf '${octal}' > ${path}; chmod +x ${path}`;
}
