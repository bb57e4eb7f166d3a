// npm run bench -- --only screen: frames a second, and what they cost, of three demos (images/vga-*) and of a blinking cursor, in Chromium with WebGPU by SwiftShader.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './console.mjs';
import { browserProcesses, spread, summary } from './measure.mjs';
import { buildDir, imagesDir } from './project.mjs';

const LIMIT_MS = 60_000;
/** The JIT's own start is over by then. */
const WARM_MS = 4000;
const SAMPLE_MS = 5000;
const CURSOR_MS = 8000;
/** Animation frames come 60 times a second; one and a half may be missed. */
const HELD = 58.5;
const FLUENT = 20;
const CURSOR_LIMIT_MS = 0.3;
/** "Little more than its copy". */
const COPY_LIMIT = 1.3;
/** Share of its own rate that a guest must keep while its screen is drawn. */
const SHARE = 0.5;

const TEXT = { image: 'vga-scroll', width: 720, height: 400 };
const PLANAR = { image: 'vga-moire', width: 640, height: 480 };
const TRUE_COLOR = { image: 'vga-true-color', width: 1280, height: 800 };
const CURSOR = { image: null, width: 720, height: 400 };

const module = (name) => import(join(buildDir, 'ts/cli', `${name}.js`));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(check, what) {
  for (const limit = Date.now() + LIMIT_MS; !(await check()); await pause(200)) {
    if (Date.now() > limit) throw new SetupError(`screen: ${what} did not come within ${LIMIT_MS / 1000} s`);
  }
}

/** The bytes of a demo's boot sector, of which the guest changes none. */
function bootCode(image) {
  const path = join(imagesDir, image, 'disk.img');
  if (!existsSync(path))
    throw new SetupError(`${image} is not built; build it with: npm run images -- ${image}`);
  return [...readFileSync(path).subarray(16, 96)];
}

class ScreenBench {
  static async open() {
    if (!existsSync(join(imagesDir, 'firmware/seabios/bios-256k.bin')))
      throw new SetupError('SeaBIOS is not built; build it with: npm run images -- firmware/seabios');
    const [{ chromium }, { chromiumLaunchOptions, SOFTWARE_WEBGPU_ARGS }, { startServer }] =
      await Promise.all([import('playwright'), module('chromium'), module('static-server')]);
    const site = join(buildDir, 'site');
    const bench = new ScreenBench();
    bench.server = await startServer({
      roots: [
        { prefix: '/', dir: site },
        { prefix: '/images/', dir: imagesDir },
      ],
    });
    const manifest = JSON.parse(readFileSync(join(site, '.vite/manifest.json'), 'utf8'));
    bench.component = Object.values(manifest).find(({ name }) => name === 'vm-console').file;
    const options = chromiumLaunchOptions();
    bench.browser = await chromium.launch({ ...options, args: [...options.args, ...SOFTWARE_WEBGPU_ARGS] });
    bench.browserCdp = await bench.browser.newBrowserCDPSession();
    return bench;
  }

  async close() {
    await this.browser.close();
    await this.server.close();
  }

  /** A page with a machine whose canvas has the guest's own size, when the demo draws (or the BIOS has found nothing to boot). */
  async machine({ image, width, height }) {
    const page = await this.browser.newPage({ viewport: { width: width + 20, height: height + 20 } });
    const address = `${this.server.url.replace(/\/$/, '')}/bench-screen.html`;
    const disk = image ? `hda="images/${image}/disk.img"` : '';
    await page.route(address, (route) =>
      route.fulfill({
        contentType: 'text/html',
        headers: {
          'Cross-Origin-Opener-Policy': 'same-origin',
          'Cross-Origin-Embedder-Policy': 'require-corp',
          'Cross-Origin-Resource-Policy': 'same-origin',
        },
        body: `<!doctype html><script type="module" src="${this.component}"></script>
<vm-console toolbar="none" arch="i386" memory="16" ${disk} firmware="images/firmware/seabios/bios-256k.bin"
  style="width:${width}px;height:${height}px;--vm-console-radius:0" autostart></vm-console>`,
      }),
    );
    await page.goto(address);
    const cdp = await page.context().newCDPSession(page);
    // What other processes take is not the page's.
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const element = () => page.locator('vm-console');
    await until(
      () =>
        element().evaluate(
          (console, size) => {
            const { vm, screen } = console;
            if (!screen || !vm?.screen?.memory) return false;
            const { output } = screen.view;
            return (
              output?.width === size.width &&
              output.height === size.height &&
              screen.size.width === size.width
            );
          },
          { width, height },
        ),
      `the picture of ${image ?? 'the BIOS'}`,
    );
    if (image) {
      // The demo counts its frames 7 bytes into its boot sector, which lies at 0x7c00 of the guest's memory.
      const found = () =>
        element().evaluate((console, code) => {
          const { memory } = console.vm.screen;
          for (let base = 0; base + 0x8000 < memory.length; base += 0x1000) {
            if (code.every((byte, i) => memory[base + 0x7c10 + i] === byte)) {
              console.counter = base + 0x7c07;
              return true;
            }
          }
          return false;
        }, bootCode(image));
      await until(found, `the boot sector of ${image}`);
    } else {
      await until(
        () => element().evaluate((console) => console.vm.screen.text().includes('No bootable')),
        'the BIOS',
      );
    }
    await pause(WARM_MS);
    return { page, cdp, element };
  }

  /** What happens in a time: frames drawn and made a second, and ms a frame. */
  async sample({ cdp, element }, ms) {
    const look = async () => {
      const { metrics } = await cdp.send('Performance.getMetrics');
      const metric = (wanted) => 1000 * metrics.find(({ name }) => name === wanted).value;
      const processes = await browserProcesses(this.browserCdp);
      const page = await element().evaluate((console) => {
        const { memory } = console.vm.screen;
        const at = console.counter;
        const made =
          at === undefined ? 0 : new DataView(memory.buffer, memory.byteOffset).getUint32(at, true);
        const { main, blinks, ...figures } = console.screen.view.figures;
        const middle = (times) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
        return { ...figures, main: middle(main), blink: middle(blinks), made, at: performance.now() };
      });
      return {
        ...page,
        tasks: metric('TaskDuration'),
        script: metric('ScriptDuration'),
        gpu: 1000 * processes.reduce((sum, { type, cpuTime }) => sum + (type === 'GPU' ? cpuTime : 0), 0),
      };
    };
    const before = await look();
    await pause(ms);
    const after = await look();
    const grown = (name) => after[name] - before[name];
    const seconds = grown('at') / 1000;
    const frames = grown('frames');
    return {
      shown: frames / seconds,
      made: grown('made') / seconds,
      main: after.main,
      blink: after.blink,
      second: grown('tasks') / seconds,
      ...Object.fromEntries(
        ['tasks', 'script', 'gpu', 'device', 'answer'].map((name) => [
          name,
          grown(name) / Math.max(frames, 1),
        ]),
      ),
    };
  }
}

/** Median of what a property is in all samples, with its spread. */
const of = (samples, name, digits = 1) =>
  spread(
    samples.map((sample) => sample[name]),
    digits,
  );
const median = (samples, name) => summary(samples.map((sample) => sample[name])).median;

function costs(samples) {
  return (
    `${of(samples, 'main', 2)} ms of drawing code and ${of(samples, 'tasks', 2)} ms of processor time in all tasks on the main thread, ` +
    `${of(samples, 'gpu')} ms of processor time in the GPU process, ${of(samples, 'answer')} ms until the vCPU's log was there`
  );
}

/** ms that a whole frame's copy alone takes on the main thread, once for each run. */
const copies = ({ element }, { width, height }, runs) =>
  element().evaluate(
    async (console, [bytes, times]) => {
      const { memory } = console.vm.screen;
      const { linear } = console.vm.screen.scanout().memory;
      const device = await (await navigator.gpu.requestAdapter()).requestDevice();
      const buffer = device.createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST });
      const found = [];
      for (let run = 0; run < times; run++) {
        const list = [];
        for (let i = 0; i < 15; i++) {
          const start = performance.now();
          device.queue.writeBuffer(buffer, 0, memory, linear, bytes);
          list.push(performance.now() - start);
          await device.queue.onSubmittedWorkDone();
        }
        found.push(list.sort((a, b) => a - b)[7]);
      }
      device.destroy();
      return found;
    },
    [width * height * 4, runs],
  );

/**
 * Rows of [what, figure, asked, met].
 * @param {{runs: number, step: Function, verdict: (ok: boolean) => string}} options
 */
export async function screenRows({ runs, step, verdict }) {
  const bench = await ScreenBench.open();
  const rows = [];
  const several = async (machine, ms) => {
    const samples = [];
    for (let run = 0; run < runs; run++) samples.push(await bench.sample(machine, ms));
    return samples;
  };
  try {
    for (const [title, guest] of [
      ['A text mode that scrolls at each retrace', TEXT],
      ['640×480 in 16 colours, written anew at each retrace', PLANAR],
    ]) {
      await step(`Screen: ${title}`, async () => {
        const machine = await bench.machine(guest);
        const samples = await several(machine, SAMPLE_MS);
        await machine.page.close();
        const shown = median(samples, 'shown');
        rows.push(
          [`${title}: frames a second on the screen`, of(samples, 'shown'), '60', verdict(shown >= HELD)],
          [`The same, made by the guest; a frame takes ${costs(samples)}`, of(samples, 'made'), '', ''],
        );
        return `${shown.toFixed(1)} frames/s`;
      });
    }
    await step('Screen: 1280×800×32 as fast as it goes', async () => {
      const machine = await bench.machine(TRUE_COLOR);
      const samples = await several(machine, SAMPLE_MS);
      const copy = await copies(machine, TRUE_COLOR, runs);
      await machine.element().evaluate((console) => console.screen.view.show(null));
      const alone = await several(machine, SAMPLE_MS / 2);
      await machine.page.close();
      const ratios = samples.map(({ main }, run) => main / copy[run]);
      const shares = samples.map(({ made }, run) => made / alone[run].made);
      rows.push(
        [
          '1280×800×32 rewritten as fast as the guest can: frames a second on the screen',
          of(samples, 'shown'),
          `at least ${FLUENT}`,
          verdict(median(samples, 'shown') >= FLUENT),
        ],
        [
          `The same, made by the guest, against ${of(alone, 'made')} with no screen; a frame takes ${costs(samples)}`,
          `${of(samples, 'made')}, ${spread(shares, 2)} ×`,
          `at least ${SHARE} ×`,
          verdict(summary(shares).median >= SHARE),
        ],
        [
          `A whole 1280×800×32 frame on the main thread, against its copy alone (${spread(copy, 2)} ms)`,
          `${of(samples, 'main', 2)} ms, ${spread(ratios, 2)} ×`,
          `at most ${COPY_LIMIT} ×`,
          verdict(summary(ratios).median <= COPY_LIMIT),
        ],
      );
      return `${median(samples, 'shown').toFixed(1)} frames/s`;
    });
    await step('Screen: a blinking cursor', async () => {
      const machine = await bench.machine(CURSOR);
      const samples = await several(machine, CURSOR_MS);
      await machine.page.close();
      const blink = median(samples, 'blink');
      rows.push([
        `A blinking cursor: its code on the main thread, for each change (${of(samples, 'second')} ms of processor time a second in all tasks of the page)`,
        `${of(samples, 'blink', 3)} ms`,
        `under ${CURSOR_LIMIT_MS} ms`,
        verdict(blink > 0 && blink < CURSOR_LIMIT_MS),
      ]);
      return `${blink.toFixed(3)} ms`;
    });
  } finally {
    await bench.close();
  }
  return rows;
}
