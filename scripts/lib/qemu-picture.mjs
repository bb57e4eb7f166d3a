// What QEMU's screen shows when a disk has booted and its picture no longer changes. Needs Debian's qemu-system-x86.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pictureOf } from './ppm.mjs';

/** The picture is finished when it stays the same for so long, ms; no earlier than FIRST_MS after the start. */
const SETTLED_MS = 1500;
const FIRST_MS = 3000;

const PC = ['qemu-system-i386', '-M', 'pc,accel=tcg', '-vga', 'std'];

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * What a PC shows that starts from this disk.
 * @param {Uint8Array} disk
 * @param {{kept?: number}} options as of recordMachine
 */
export async function recordPicture(disk, options) {
  const dir = mkdtempSync(join(tmpdir(), 'qemu-disk-'));
  const file = join(dir, 'disk');
  writeFileSync(file, disk);
  try {
    return await recordMachine(['-m', '16', '-drive', `file=${file},format=raw,index=0`], options);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * @param {string[]} machine options of QEMU
 * @param {{kept?: number, colours?: number, emulator?: string[]}} options bits of each component that count, the others become 0; a picture with fewer colours
 *   is not finished; the program and its first options
 * @returns {Promise<{width: number, height: number, sha256: string}>} the hash is of red, green and blue bytes
 */
export async function recordMachine(machine, { kept = 0xff, colours = 1, emulator = PC } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'qemu-picture-'));
  const path = (name) => join(dir, name);
  const [program, ...first] = emulator;
  const options = [...first, '-display', 'none', '-net', 'none', ...machine];
  const child = spawn(program, [...options, '-monitor', `unix:${path('monitor')},server=on,wait=off`], {
    stdio: 'ignore',
  });
  try {
    while (!existsSync(path('monitor'))) await wait(50);
    const socket = connect(path('monitor'));
    socket.resume();
    const dump = async () => {
      rmSync(path('dump'), { force: true });
      socket.write(`screendump ${path('dump')}\n`);
      for (let size = -1; ; ) {
        await wait(100);
        const now = existsSync(path('dump')) ? readFileSync(path('dump')).length : 0;
        if (now > 0 && now === size) return readFileSync(path('dump'));
        size = now;
      }
    };
    await wait(FIRST_MS);
    let picture = await dump();
    for (;;) {
      await wait(SETTLED_MS);
      const again = await dump();
      if (again.equals(picture) && coloursOf(again) >= colours) break;
      picture = again;
    }
    return pictureOf(picture, kept);
  } finally {
    child.kill();
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(dir, { recursive: true });
  }
}

/** Different colours of a PPM file with 8 bits a component. */
function coloursOf(ppm) {
  const found = new Set();
  for (let at = ppm.length - 3; at > 16; at -= 3) found.add(ppm.readUIntBE(at, 3));
  return found.size;
}
