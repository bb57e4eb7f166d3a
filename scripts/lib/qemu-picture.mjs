// What QEMU's screen shows when a disk has booted and its picture no longer changes. Needs Debian's qemu-system-x86.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The picture is finished when it stays the same for so long, ms; no earlier than FIRST_MS after the start. */
const SETTLED_MS = 1500;
const FIRST_MS = 3000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {Uint8Array} disk
 * @param {{kept?: number}} options bits of each component that count; the others become 0
 * @returns {Promise<{width: number, height: number, sha256: string}>} the hash is of red, green and blue bytes
 */
export async function recordPicture(disk, { kept = 0xff } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'qemu-picture-'));
  const path = (name) => join(dir, name);
  writeFileSync(path('disk'), disk);
  const options = ['-M', 'pc,accel=tcg', '-m', '16', '-display', 'none', '-net', 'none', '-vga', 'std'];
  options.push('-drive', `file=${path('disk')},format=raw,index=0`);
  const child = spawn(
    'qemu-system-i386',
    [...options, '-monitor', `unix:${path('monitor')},server=on,wait=off`],
    { stdio: 'ignore' },
  );
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
      if (again.equals(picture)) break;
      picture = again;
    }
    const [header, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(picture.toString('latin1', 0, 64));
    const rgb = picture.subarray(header.length).map((value) => value & kept);
    const sha256 = createHash('sha256').update(rgb).digest('hex');
    return { width: Number(width), height: Number(height), sha256 };
  } finally {
    child.kill();
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(dir, { recursive: true });
  }
}
