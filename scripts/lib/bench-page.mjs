// npm run bench -- --only page,typing: what a person waits for on the real page, in a Chromium with an empty profile.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './console.mjs';
import { spread, summary } from './measure.mjs';
import { buildDir, imagesDir } from './project.mjs';

const LIMIT_MS = 120_000;
/** As text of a regular expression, for the page too. */
const PROMPT = 'root@snowglobe:\\S*#';
const ASKED = { prompt: 2.5, paintMs: 1000, echoMs: 50, frames: 58.5 };
const KEYS = 40;
const CADENCE_MS = 8000;
const GUESTS = { riscv64: 'riscv64-debian', x86_64: 'x86_64-debian' };
/** What the guest does meanwhile: programs come and go, and compute. */
const LOAD = 'while :; do gzip -9 </bin/busybox >/dev/null; done &';

const module = (name) => import(join(buildDir, 'ts/cli', `${name}.js`));
const verdict = (ok) => (ok ? 'yes' : '**no**');

/** In the page, before its own scripts: notes clicks, what the first machine says, and when its terminal shows it. */
function watch(prompt) {
  const bench = { click: 0, shown: 0, text: '' };
  globalThis.bench = bench;
  addEventListener('click', ({ timeStamp }) => (bench.click ||= timeStamp), true);
  const pattern = new RegExp(prompt);
  let listens = false;
  const look = (console) => {
    if (!pattern.test(console.screenshotText())) return requestAnimationFrame(() => look(console));
    requestAnimationFrame(() => (bench.shown = performance.now()));
  };
  addEventListener('vm-state', ({ target }) => {
    if (listens || !target.vm) return;
    listens = true;
    const decoder = new TextDecoder();
    const stop = target.vm.serial.onData((bytes) => {
      bench.text = (bench.text + decoder.decode(bytes)).slice(-4096);
      if (!pattern.test(bench.text)) return;
      stop();
      look(target);
    });
  });
}

/** The built page, served here, in a browser that has never seen it. */
async function openPage() {
  const [{ chromium }, { chromiumLaunchOptions }, { startServer }] = await Promise.all([
    import('playwright'),
    module('chromium'),
    module('static-server'),
  ]);
  const server = await startServer({
    roots: [
      { prefix: '/', dir: join(buildDir, 'site') },
      { prefix: '/images/', dir: imagesDir },
    ],
  });
  const browser = await chromium.launch(chromiumLaunchOptions());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(LIMIT_MS);
  await page.addInitScript(watch, PROMPT);
  return {
    page,
    url: server.url,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** ms from a click on the machine's card until its terminal shows the prompt, and to the first paint of the page before it. */
async function clickToPrompt(image) {
  const { page, url, close } = await openPage();
  try {
    await page.goto(url);
    const card = page.locator(`a[href$="machine=${image}"]`).first();
    await card.waitFor();
    const painted = await page.waitForFunction(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    const paint = await painted.jsonValue();
    await card.click();
    await page.waitForFunction(() => globalThis.bench.shown > 0);
    const { click, shown } = await page.evaluate(() => globalThis.bench);
    return { paint, ms: shown - click };
  } finally {
    await close();
  }
}

/** ms from the start of QEMU's process until its guest has written the prompt. */
function qemuToPrompt(program, args) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const same = [
      '-monitor',
      'none',
      '-serial',
      'stdio',
      '-display',
      'none',
      '-nic',
      'none',
      '-accel',
      'tcg',
    ];
    const child = spawn(program, [...args.filter((arg) => arg !== '-nographic'), ...same, '-vga', 'none'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    let text = '';
    let ms = 0;
    child.stdout.setEncoding('latin1').on('data', (data) => {
      text = (text + data).slice(-4096);
      if (ms || !new RegExp(PROMPT).test(text)) return;
      ms = performance.now() - start;
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      if (ms) resolve(ms);
      else reject(new SetupError(`${program} came to no prompt; it said: ${text.slice(-200)}`));
    });
  });
}

/**
 * Rows of the bench's table.
 * @param options.qemu finds QEMU's program for an architecture
 * @param options.imageOptions options of an image that QEMU takes
 */
export async function pageRows({ runs, step, arches, qemu, imageOptions }) {
  const rows = [];
  const paints = [];
  for (const [arch, image] of Object.entries(GUESTS)) {
    if (!arches.includes(arch)) continue;
    if (!existsSync(join(imagesDir, image, 'manifest.json')))
      throw new SetupError(`the image ${image} is not built; build it with: npm run images -- ${image}`);
    const native = [];
    const ours = [];
    for (let run = 0; run < runs; run++) {
      await step(`${arch}: click to prompt, run ${run + 1} of ${runs}`, async () => {
        const turns = [
          async () => native.push(await qemuToPrompt(qemu(arch), imageOptions(image))),
          async () => {
            const { ms, paint } = await clickToPrompt(image);
            ours.push(ms);
            paints.push(paint);
          },
        ];
        if (run % 2) turns.reverse();
        for (const turn of turns) await turn();
        return `QEMU ${(native.at(-1) / 1000).toFixed(2)} s, Snowglobe ${(ours.at(-1) / 1000).toFixed(2)} s`;
      });
    }
    const ratios = ours.map((ms, at) => ms / native[at]);
    const seconds = (list) =>
      `${spread(
        list.map((ms) => ms / 1000),
        2,
      )} s`;
    rows.push([
      `The page, ${arch}: from the click on tiny Linux’s card to its prompt on the terminal, empty profile, against QEMU from the start of its process`,
      seconds(native),
      seconds(ours),
      `${spread(ratios, 2)} ×`,
      `at most ${ASKED.prompt} ×`,
      verdict(summary(ratios).median <= ASKED.prompt),
    ]);
  }
  rows.push([
    'First paint of the page, empty profile',
    '',
    `${spread(paints, 0)} ms`,
    '',
    `under ${ASKED.paintMs} ms`,
    verdict(summary(paints).median < ASKED.paintMs),
  ]);
  return rows;
}

/** In the page: starts to note frames, and for each key the time until the frame after which `text` of the console has one more of it. */
function measureTyping(screen) {
  const console = document.querySelector('vm-console');
  const shown = () => (screen ? console.vm.screen.text() : console.screenshotText());
  const count = () => shown().split('x').length;
  const typing = { echoes: [], frames: [], busy: false };
  globalThis.typing = typing;
  let wanted = null;
  addEventListener(
    'keydown',
    ({ key, timeStamp }) => {
      if (key === 'x') wanted = { from: timeStamp, count: count() + 1 };
    },
    true,
  );
  let seen = false;
  const frame = (now) => {
    typing.frames.push(now);
    // What a frame finds in the text, that frame paints; the next one is after it.
    if (seen) {
      typing.echoes.push(performance.now() - wanted.from);
      wanted = null;
      seen = false;
    } else if (wanted && count() >= wanted.count) seen = true;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** ms from key to paint, and frames: {rate, late: share of those longer than one and a half, longest ms}, under load. */
async function typingUnderLoad({ image, query, screen }) {
  const { page, url, close } = await openPage();
  try {
    await page.goto(`${url}?machine=${image}${query}`);
    const text = () =>
      page.evaluate((screen) => {
        const console = document.querySelector('vm-console');
        return screen ? (console?.vm?.screen?.text() ?? '') : (console?.screenshotText() ?? '');
      }, screen);
    const until = async (pattern) => {
      for (const limit = Date.now() + LIMIT_MS; !pattern.test(await text()); ) {
        if (Date.now() > limit)
          throw new SetupError(`typing: ${pattern} did not come; there is ${await text()}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const prompts = (n) => new RegExp(`(${PROMPT}[^]*){${n}}`);
    await until(prompts(1));
    if (screen) await page.locator('vm-console').click({ position: { x: 300, y: 300 } });
    await page.keyboard.type(`${LOAD}\n`);
    await until(prompts(2));
    // The JIT's own start is over by then.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await page.evaluate(measureTyping, screen);
    for (let key = 0; key < KEYS; key++) {
      const before = await page.evaluate(() => globalThis.typing.echoes.length);
      await page.keyboard.press('x');
      await page.waitForFunction((least) => globalThis.typing.echoes.length > least, before);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await page.evaluate(() => (globalThis.typing.frames.length = 0));
    await page.waitForTimeout(CADENCE_MS);
    const { echoes, frames } = await page.evaluate(() => globalThis.typing);
    const gaps = frames.slice(1).map((at, i) => at - frames[i]);
    return {
      echoes,
      rate: (1000 * gaps.length) / (frames.at(-1) - frames[0]),
      late: gaps.filter((gap) => gap > 25).length / gaps.length,
      longest: Math.max(...gaps),
    };
  } finally {
    await close();
  }
}

const TYPING = [
  { name: 'the serial terminal, riscv64', image: 'riscv64-debian', query: '', screen: false },
  {
    name: 'the VGA’s text screen, x86_64',
    image: 'x86_64-debian',
    query: '&vga=std&append=console%3Dtty0',
    screen: true,
  },
];

/** Rows of the bench's table. */
export async function typingRows({ step }) {
  const rows = [];
  for (const typing of TYPING) {
    const { echoes, rate, late, longest } = await step(`Typing on ${typing.name}`, () =>
      typingUnderLoad(typing),
    );
    const sorted = [...echoes].sort((a, b) => a - b);
    const p95 = sorted[Math.floor(0.95 * (sorted.length - 1))];
    rows.push(
      [
        `Typing on ${typing.name}, while the guest computes: key to paint, median and 95th percentile of ${KEYS}`,
        '',
        `${summary(echoes).median.toFixed(0)} ms, ${p95.toFixed(0)} ms`,
        '',
        `within ${ASKED.echoMs} ms`,
        verdict(p95 <= ASKED.echoMs),
      ],
      [
        `Frames of the page meanwhile; ${(100 * late).toFixed(1)} % of them later than 25 ms, the longest after ${longest.toFixed(0)} ms`,
        '',
        `${rate.toFixed(1)} /s`,
        '',
        '60 /s',
        verdict(rate >= ASKED.frames),
      ],
    );
  }
  return rows;
}
