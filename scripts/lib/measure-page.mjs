// Measures of a guest in a page that is watched from outside: processor time and resident size of its processes.
import { join } from 'node:path';
import { browserProcesses, rendererOf, residentBytes } from './measure.mjs';
import { SetupError } from './console.mjs';
import { launchOverPipe } from './cdp-pipe.mjs';
import { buildDir, imagesDir } from './project.mjs';

const PROMPT = /root@snowglobe:\S*# /;
const BOOT_LIMIT_MS = 180_000;

const module = (name) => import(join(buildDir, 'ts', `${name}.js`));

/** The Debian guest as boot() takes it. */
function debian() {
  const folder = join(imagesDir, 'riscv64-debian');
  return {
    arch: 'riscv64',
    memory: 512,
    bios: join(imagesDir, 'firmware/opensbi-riscv64/fw_dynamic.bin'),
    kernel: join(folder, 'vmlinux'),
    initrd: join(folder, 'initrd.gz'),
    append: 'console=ttyS0',
  };
}

/** The runner's page in a Chromium of its own. What it stores goes to the folder `profile`, or into memory. */
export async function openRunner({ profile } = {}) {
  const [{ chromium }, { chromiumLaunchOptions }, { startSiteServer }, { RunnerPage }, { VirtualMachine }] =
    await Promise.all([
      import('playwright'),
      module('cli/chromium'),
      module('cli/site-server'),
      module('cli/runner-page'),
      module('playwright/virtual-machine'),
      module('cli/guest-files'),
    ]);
  const site = await startSiteServer();
  const options = chromiumLaunchOptions();
  const browser = profile
    ? await chromium.launchPersistentContext(profile, options)
    : await chromium.launch(options);
  const page = await browser.newPage();
  const runner = await RunnerPage.open(page, site);
  return {
    page,
    browserCdp: profile ? null : await browser.newBrowserCDPSession(),
    /** Boots a guest, Debian unless told otherwise, until its serial port says what is expected; with a terminal if `screen` says so. */
    async boot({ screen = false, config = debian(), until: expected = PROMPT } = {}) {
      const source = { page, create: () => runner.createVm(), keep: false, screen };
      const vm = new VirtualMachine(source);
      await vm.boot(config, { screen });
      await vm.waitForSerial(expected, { timeout: BOOT_LIMIT_MS });
      return vm;
    },
    async close() {
      await browser.close();
      await site.close();
    },
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Share of a core that an idle shell prompt takes over `seconds`, with its terminal on the page: {renderer, browser}. */
export async function measureIdle(seconds) {
  const runner = await openRunner();
  try {
    await runner.boot({ screen: true });
    // The kernel's last start-up work and the JIT's own are over by then.
    await pause(5000);
    const cpuTimes = async () => {
      const processes = await browserProcesses(runner.browserCdp);
      return new Map(processes.map(({ id, cpuTime }) => [id, cpuTime]));
    };
    const { id } = await rendererOf(runner.browserCdp);
    const before = await cpuTimes();
    const start = performance.now();
    await pause(seconds * 1000);
    const after = await cpuTimes();
    const elapsed = (performance.now() - start) / 1000;
    let browser = 0;
    for (const [process, cpuTime] of after) browser += cpuTime - (before.get(process) ?? 0);
    return { renderer: (after.get(id) - before.get(id)) / elapsed, browser: browser / elapsed };
  } finally {
    await runner.close();
  }
}

/** Resident bytes of the renderer after the first and the last of `boots` machines, each booted, destroyed and collected. */
export async function measureMemory(boots, progress = () => {}) {
  const [{ chromiumLaunchOptions }, { startSiteServer }] = await Promise.all([
    module('cli/chromium'),
    module('cli/site-server'),
  ]);
  const site = await startSiteServer();
  const { executablePath, args } = chromiumLaunchOptions();
  const browser = await launchOverPipe(executablePath, args);
  try {
    const page = await browser.openPage(`${site.url}/runner.html`);
    // A page that is still loading has no context to evaluate in.
    const loaded = () => browser.evaluate(page, 'window.snowglobeRunner !== undefined').catch(() => false);
    await until(loaded, 'the runner page');
    await browser.evaluate(
      page,
      `window.snowglobePost = async (messages) => {
      for (const { type, data } of messages) if (type === 'serial') window.serialText += data;
    };`,
    );
    const { bios, kernel, initrd, ...rest } = debian();
    const config = JSON.stringify({
      ...rest,
      bios: site.serveFile(bios),
      kernel: site.serveFile(kernel),
      initrd: site.serveFile(initrd),
    });
    const ask = async (call) => {
      const { ok, error } = await browser.evaluate(page, `snowglobeRunner.${call}`);
      if (!ok) throw new SetupError(`${call.slice(0, 20)}: ${error.message}`);
    };
    const sizes = [];
    for (let boot = 1; boot <= boots; boot++) {
      await browser.evaluate(page, "window.serialText = ''");
      await ask(`boot(${boot}, ${config}, { screen: false })`);
      await until(() => browser.evaluate(page, `${PROMPT}.test(serialText)`), 'the prompt');
      await ask(`act(${boot}, 'destroy')`);
      const { id } = await rendererOf(browser);
      sizes.push(await settledSize(id, () => browser.send('HeapProfiler.collectGarbage', {}, page)));
      progress(`${boot} of ${boots}: ${(sizes.at(-1) / 2 ** 20).toFixed(0)} MiB`);
    }
    return { first: sizes[0], last: sizes.at(-1) };
  } finally {
    await browser.close();
    await site.close();
  }
}

async function until(check, what) {
  for (const limit = Date.now() + BOOT_LIMIT_MS; !(await check()); await pause(100)) {
    if (Date.now() > limit) throw new SetupError(`${what} did not come within ${BOOT_LIMIT_MS / 1000} s`);
  }
}

/** A worker's end and the release of its memory take a moment: collects until the size no longer falls. */
async function settledSize(pid, collect) {
  let least = Number.POSITIVE_INFINITY;
  for (let calm = 0; calm < 4; ) {
    await collect();
    await pause(250);
    const size = residentBytes(pid);
    calm = size < least * 0.99 ? 0 : calm + 1;
    least = Math.min(least, size);
  }
  return least;
}
