/**
 * Assembles vga-fixtures/modes-boot.s, and records what QEMU's screen shows after each of the modes in vga-fixtures/boot-modes.mjs:
 * e2e/fixtures/video-modes.json. Needs Debian's binutils on x86 and qemu-system-x86. Usage: node scripts/gen-vga-boot-fixtures.mjs
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BOOT_MODES, PARAMETERS_AT } from './vga-fixtures/boot-modes.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const TARGET = local('../e2e/fixtures/video-modes.json');
const dir = mkdtempSync(join(tmpdir(), 'vga-boot-'));
const path = (name) => join(dir, name);
/** The picture is finished when it stays the same for so long, ms. */
const SETTLED_MS = 1500;

function assemble() {
  execFileSync('as', ['--32', '-o', path('s.o'), local('vga-fixtures/modes-boot.s')]);
  execFileSync('ld', [
    '-m',
    'elf_i386',
    '--oformat=binary',
    '-Ttext=0x7c00',
    '-o',
    path('s.bin'),
    path('s.o'),
  ]);
  return readFileSync(path('s.bin'));
}

async function record(disk) {
  writeFileSync(path('disk'), disk);
  rmSync(path('monitor'), { force: true });
  const options = ['-M', 'pc,accel=tcg', '-m', '16', '-display', 'none', '-net', 'none', '-vga', 'std'];
  options.push('-drive', `file=${path('disk')},format=raw,index=0`);
  const child = spawn(
    'qemu-system-i386',
    [...options, '-monitor', `unix:${path('monitor')},server=on,wait=off`],
    {
      stdio: 'ignore',
    },
  );
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
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
  await wait(3000);
  let picture = await dump();
  for (;;) {
    await wait(SETTLED_MS);
    const again = await dump();
    if (again.equals(picture)) break;
    picture = again;
  }
  child.kill();
  await new Promise((resolve) => child.once('exit', resolve));
  const [header, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(picture.toString('latin1', 0, 64));
  const sha256 = createHash('sha256').update(picture.subarray(header.length)).digest('hex');
  return { width: Number(width), height: Number(height), sha256 };
}

try {
  const sector = assemble();
  const pictures = {};
  for (const { name, parameters } of BOOT_MODES) {
    const disk = Buffer.alloc(1 << 20);
    sector.copy(disk);
    disk.set(parameters, PARAMETERS_AT);
    pictures[name] = await record(disk);
  }
  mkdirSync(local('../e2e/fixtures'), { recursive: true });
  writeFileSync(TARGET, `${JSON.stringify({ sector: sector.toString('base64'), pictures }, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
