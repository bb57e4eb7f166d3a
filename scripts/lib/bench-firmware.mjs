// The firmware of npm run bench: how long SeaBIOS takes to the boot sector of a disk.
import { SetupError } from './console.mjs';
import { spread, summary } from './measure.mjs';

const LINE = '@@ boot';
const ASKED = 1.5;
/** It is over in a moment: so many for each one that is asked for. */
const RUNS = 3;
const SECTOR = 512;
const DISK_BYTES = 2 ** 20;
const ROM_BYTES = 2 ** 16;
const RESET_VECTOR = ROM_BYTES - 16;

/** mov $value, %al; out %al, (%dx) */
const out8 = (value) => [0xb0, value, 0xee];
/** mov $port, %dx */
const port = (number) => [0xba, number & 0xff, number >> 8];
/** mov $value, %eax; out %eax, (%dx) */
const out32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [0x66, 0xb8, ...bytes, 0x66, 0xef];
};

/** In real mode, without memory: a line on the serial port, then off by the PIIX4's power management, which is put at 0x600. */
const PROGRAM = [
  ...[...port(0x3f8), ...[...`${LINE}\r\n`].flatMap((character) => out8(character.charCodeAt(0)))],
  ...[...port(0xcf8), ...out32(0x80000b40), ...port(0xcfc), ...out32(0x601)],
  ...[...port(0xcf8), ...out32(0x80000b80), ...port(0xcfc), ...out8(1)],
  ...[...port(0x604), 0xb8, 0x00, 0x20, 0xef], // mov $0x2000, %ax; out %ax, (%dx)
  ...[0xf4, 0xeb, 0xfd], // hlt; jmp to it
];

/** A disk whose boot sector says that it was reached, and a ROM that says so at the reset vector, without any firmware: the bytes of two files. */
export function buildFirmwareGuest() {
  const disk = Buffer.alloc(DISK_BYTES);
  disk.set(PROGRAM);
  disk.writeUInt16LE(0xaa55, SECTOR - 2);
  const rom = Buffer.alloc(ROM_BYTES);
  rom.set(PROGRAM);
  rom.set([0xe9, ROM_BYTES - RESET_VECTOR - 3, 0x00], RESET_VECTOR); // jmp to offset 0
  return { disk, rom };
}

/** When the line of the program came, ms since the process began. @throws SetupError if it did not */
function lineOf(run) {
  const line = run.lines.find(({ text }) => text.trim().endsWith(LINE));
  if (!line) throw new SetupError(`QEMU did not come to the boot sector; it said: ${run.stdout.slice(-200)}`);
  return line.ms;
}

/** Rows of the table from runs of QEMU with the disk and with the ROM, and ours with the disk. */
export function firmwareRows(qemu, starts, ours) {
  const whole = qemu.map(lineOf);
  const bare = whole.map((ms, index) => ms - lineOf(starts[index]));
  const guest = ours.map(({ report }) => report.expectMs[0]);
  const ms = (values) => `${spread(values, 0)} ms`;
  const ratios = (native) => guest.map((own, index) => own / native[index]);
  const times = (values) => `${spread(values, 2)} ×`;
  return [
    [
      'SeaBIOS to the boot sector of a disk: from the first instruction, against QEMU from the start of its process',
      ms(whole),
      ms(guest),
      times(ratios(whole)),
      `at most ${ASKED} ×`,
      summary(ratios(whole)).median <= ASKED ? 'yes' : '**no**',
    ],
    [
      'The same less what QEMU’s process needs to the first instruction',
      ms(bare),
      ms(guest),
      times(ratios(bare)),
      '',
      '',
    ],
  ];
}

/** SeaBIOS with its VGA BIOS. QEMU's process takes about as long to start as the firmware to run, so that its start is measured too. */
export async function compareFirmware({ contest, runs, step }) {
  const { disk, rom } = buildFirmwareGuest();
  const options = ['-M', 'pc', '-m', '128'];
  const drive = ['-drive', `file=${contest.file('boot.img', disk)},format=raw,snapshot=on,if=ide,index=0`];
  const bare = ['-bios', contest.file('boot.rom', rom)];
  const results = { qemu: [], starts: [], ours: [] };
  const qemu = async (more) => {
    const lines = [];
    const onLine = (text, ms) => lines.push({ text, ms });
    const result = await contest.qemu('i386', [...options, ...more], onLine, { vga: 'std' });
    return { ...result, lines };
  };
  for (let index = 0; index < runs * RUNS; index++) {
    const turns = [
      async () => results.qemu.push(await qemu(drive)),
      async () => results.starts.push(await qemu(bare)),
      async () =>
        results.ours.push(
          await contest.snowglobe('i386', [...options, ...drive, '-vga', 'std', '--expect', LINE]),
        ),
    ];
    if (index % 2) turns.reverse();
    await step(`SeaBIOS, run ${index + 1} of ${runs * RUNS}`, async () => {
      for (const turn of turns) await turn();
    });
  }
  return firmwareRows(results.qemu, results.starts, results.ours);
}
