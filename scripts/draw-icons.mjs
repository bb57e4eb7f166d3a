// Draws public/icons/*.png from public/favicon.svg in a Chromium: `node scripts/draw-icons.mjs` after the drawing has changed. The maskable one has the drawing
// inside the circle that every launcher shows (W3C Web App Manifest, "Icon masks and safe zone": 40 % of the icon's width about its middle).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { main, say } from './lib/console.mjs';
import { root, shown } from './lib/project.mjs';

/** [name, pixels, share of the width that the drawing has, background] */
const ICONS = [
  ['icon-192', 192, 1, 'transparent'],
  ['icon-512', 512, 1, 'transparent'],
  ['maskable-512', 512, 0.62, '#0a111e'],
];

await main(async () => {
  const drawing = readFileSync(join(root, 'public/favicon.svg')).toString('base64');
  const folder = join(root, 'public/icons');
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.SNOWGLOBE_CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  for (const [name, size, share, background] of ICONS) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(
      `<body style="margin:0;height:100vh;display:grid;place-items:center;background:${background}"><img style="width:${share * 100}%" src="data:image/svg+xml;base64,${drawing}">`,
    );
    const path = join(folder, `${name}.png`);
    writeFileSync(path, await page.screenshot({ omitBackground: true }));
    say(shown(path));
  }
  await browser.close();
  return 0;
});
