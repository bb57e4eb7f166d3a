/**
 * Records what QEMU's screen shows of a Linux guest with one graphics device or another: e2e/fixtures/screens.json.
 * Needs qemu-system-misc, and the image riscv64-screen. Usage: node scripts/gen-screen-fixtures.mjs [device]...
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pictureOf } from './lib/ppm.mjs';
import { PICTURES, SCREENS, SETUP } from './screen-fixtures/steps.mjs';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const TARGET = path('e2e/fixtures/screens.json');
const IMAGE = path('.cache/images/riscv64-screen');
/** The guest's driver flushes by a timer, ms. */
const FLUSHED_MS = 1500;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function record(device) {
  const dir = mkdtempSync(join(tmpdir(), 'qemu-screen-'));
  const [monitor, dump] = [join(dir, 'monitor'), join(dir, 'dump')];
  const child = spawn(
    'qemu-system-riscv64',
    [
      ...['-M', 'virt', '-m', '512', '-display', 'none', '-serial', 'stdio', '-device', device],
      ...['-monitor', `unix:${monitor},server=on,wait=off`, '-append', 'console=ttyS0 quiet'],
      ...['-kernel', join(IMAGE, 'vmlinux'), '-initrd', join(IMAGE, 'initrd.gz')],
      ...['-global', 'virtio-mmio.force-legacy=false'],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  const until = async (pattern) => {
    for (let at = 0; at < 100_000; at += 50) {
      if (pattern.test(output)) return void (output = '');
      await wait(50);
    }
    throw new Error(`${device}: the guest did not come to ${pattern}: ${output}`);
  };
  try {
    await until(/root@snowglobe:\S+# /);
    const run = async (command) => {
      child.stdin.write(`${command}; echo do""ne\n`);
      await until(/\bdone\r?\n/);
    };
    await run(SETUP);
    const socket = connect(monitor);
    socket.resume();
    const pictures = {};
    for (const { name, command } of PICTURES) {
      await run(command);
      await wait(FLUSHED_MS);
      rmSync(dump, { force: true });
      socket.write(`screendump ${dump}\n`);
      await wait(FLUSHED_MS);
      pictures[name] = pictureOf(readFileSync(dump));
    }
    socket.destroy();
    return pictures;
  } finally {
    child.kill();
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(dir, { recursive: true });
  }
}

const asked = process.argv.slice(2);
const recorded = existsSync(TARGET) ? JSON.parse(readFileSync(TARGET, 'utf8')) : {};
for (const device of asked.length > 0 ? asked : SCREENS) recorded[device] = await record(device);
writeFileSync(TARGET, `${JSON.stringify(recorded, null, 2)}\n`);
