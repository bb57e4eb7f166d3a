// Writes docs/picture.svg, the picture at the top of README.md: the page on a desktop and on a phone, as they are. `node scripts/draw-picture.mjs`, after
// `npm run build` and `npm run images`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { main, say, SetupError } from './lib/console.mjs';
import { buildDir, root, shown } from './lib/project.mjs';

const BYTES_MAX = 150_000;
const MACHINE_MS = 9000;

/** [name, address, viewport, what to wait for in the page] */
const SHOTS = [
  [
    'desktop',
    '?gallery',
    { width: 1280, height: 800 },
    () => document.querySelectorAll('img, a').length > 20,
  ],
  [
    'phone',
    '?machine=vga-mandelbrot',
    { width: 390, height: 844 },
    () => document.querySelector('vm-console')?.vm?.state === 'running',
  ],
];

await main(async () => {
  const { startServer } = await import(join(buildDir, 'ts/cli/static-server.js'));
  const { chromiumLaunchOptions, SOFTWARE_WEBGPU_ARGS } = await import(join(buildDir, 'ts/cli/chromium.js'));
  const server = await startServer({
    roots: [
      { prefix: '/', dir: join(buildDir, 'site') },
      { prefix: '/images/', dir: join(root, '.cache/images') },
    ],
  });
  const launch = chromiumLaunchOptions();
  const browser = await chromium.launch({
    ...launch,
    args: [...(launch.args ?? []), ...SOFTWARE_WEBGPU_ARGS],
  });
  const pictures = {};
  for (const [name, address, viewport, ready] of SHOTS) {
    const page = await browser.newPage({ viewport, colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.goto(server.url + address);
    await page.waitForFunction(ready, undefined, { timeout: 60_000 });
    // What a guest draws has no end to wait for.
    await page.waitForTimeout(MACHINE_MS);
    const jpeg = await page.screenshot({ type: 'jpeg', quality: name === 'phone' ? 70 : 62 });
    pictures[name] = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    await page.close();
  }
  await browser.close();
  await server.close();
  const frame = (x, y, width, height, radius, href, id) =>
    `<clipPath id="${id}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/></clipPath><image x="${x}" y="${y}" width="${width}" height="${height}" href="${href}" clip-path="url(#${id})"/><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="none" stroke="#3b557f" stroke-width="3"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1480 900" width="1110" height="675" role="img" aria-label="Snowglobe on a desktop and on a phone">
${frame(10, 10, 1280, 800, 14, pictures.desktop, 'd')}
<rect x="1108" y="88" width="366" height="786" rx="42" fill="#05090f"/>
${frame(1118, 98, 346, 766, 34, pictures.phone, 'p').replace('<image ', '<image preserveAspectRatio="xMidYMin slice" ')}
</svg>
`;
  if (svg.length > BYTES_MAX)
    throw new SetupError(`the picture has ${svg.length} bytes, more than ${BYTES_MAX}`);
  const path = join(root, 'docs/picture.svg');
  writeFileSync(path, svg);
  say(`${shown(path)}: ${svg.length} bytes`);
  return 0;
});
