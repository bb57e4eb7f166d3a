// Boots a Linux kernel in v86, in the Chromium that snowglobe uses too, with the guest's first serial port on stdout: the third
// contender of npm run bench. Takes QEMU's -m, -kernel, -initrd and -append, and --json FILE for {guestMs}, the time
// from the start of the processor to the end. It ends when the kernel says that it switches off or halts the processor for good.
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, SetupError } from './lib/console.mjs';
import { buildDir, root } from './lib/project.mjs';

/** The 128 KiB SeaBIOS of Debian's package: v86 brings none, and maps it at the end of the first MiB as this one expects. */
export const V86_BIOS = '/usr/share/seabios/bios.bin';
const VGA_BIOS = '/usr/share/seabios/vgabios-stdvga.bin';
const V86 = join(root, 'node_modules/v86/build');

/** What keeps v86 from running here, in words, or undefined. */
export function v86Obstacle() {
  if (!existsSync(join(V86, 'libv86.mjs'))) return 'the package v86 is not installed: npm ci';
  if (!existsSync(V86_BIOS)) return `v86 needs ${V86_BIOS}: apt-get install seabios`;
  return undefined;
}

const FLAGS = {
  '-m': 'memory',
  '-kernel': 'kernel',
  '-initrd': 'initrd',
  '-append': 'append',
  '--json': 'json',
};

function readOptions(args) {
  const options = {};
  for (let index = 0; index < args.length; index += 2) {
    const name = FLAGS[args[index]];
    if (!name || args[index + 1] === undefined)
      throw new SetupError(`v86.mjs: ${args[index]} is not understood`);
    options[name] = args[index + 1];
  }
  if (!options.kernel) throw new SetupError(`v86.mjs takes ${Object.keys(FLAGS).join(', ')}`);
  return options;
}

/** Runs in the page. Sends whole lines; resolves to the milliseconds that the guest ran. */
async function bootInPage({ memory, append, hasInitrd }) {
  const { V86 } = await import('/v86/libv86.mjs');
  const emulator = new V86({
    wasm_path: '/v86/v86.wasm',
    bios: { url: '/bios.bin' },
    vga_bios: { url: '/vgabios.bin' },
    bzimage: { url: '/kernel' },
    ...(hasInitrd && { initrd: { url: '/initrd' } }),
    cmdline: append,
    memory_size: memory * 2 ** 20,
    acpi: true,
    autostart: false,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    net_device: { type: 'none' },
  });
  await new Promise((resolve) => emulator.add_listener('emulator-ready', resolve));
  const start = performance.now();
  await new Promise((resolve) => {
    let line = '';
    emulator.add_listener('serial0-output-byte', (byte) => {
      if (byte !== 10) line += String.fromCharCode(byte);
      else {
        window.sayLine(line);
        if (/reboot: (Power down|System halted)/.test(line)) resolve();
        line = '';
      }
    });
    emulator.add_listener('cpu-event-halt', resolve);
    emulator.run();
  });
  return performance.now() - start;
}

async function boot({ memory = '128', kernel, initrd, append = '', json }) {
  const module = (name) => import(join(buildDir, 'ts', `${name}.js`));
  const [{ startServer }, { launchChromium }] = await Promise.all([
    module('cli/static-server'),
    module('cli/chromium'),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'snowglobe-v86-'));
  let server;
  let browser;
  try {
    copyFileSync(V86_BIOS, join(folder, 'bios.bin'));
    copyFileSync(VGA_BIOS, join(folder, 'vgabios.bin'));
    copyFileSync(kernel, join(folder, 'kernel'));
    if (initrd) copyFileSync(initrd, join(folder, 'initrd'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>v86</title>');
    server = await startServer({
      roots: [
        { prefix: '/', dir: folder },
        { prefix: '/v86/', dir: V86 },
      ],
    });
    browser = await launchChromium();
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(String(error)));
    await page.exposeFunction('sayLine', (line) => process.stdout.write(`${line}\n`));
    await page.goto(server.url);
    const guestMs = await page.evaluate(bootInPage, {
      memory: Number(memory),
      append,
      hasInitrd: Boolean(initrd),
    });
    if (json) writeFileSync(json, JSON.stringify({ guestMs }));
  } finally {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === join(root, 'scripts/v86.mjs')) {
  await main(async () => {
    const obstacle = v86Obstacle();
    if (obstacle) throw new SetupError(obstacle);
    await boot(readOptions(process.argv.slice(2)));
  });
}
