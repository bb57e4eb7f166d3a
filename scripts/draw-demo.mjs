// Writes docs/demo.svg, the terminal in README.md: a real run of `snowglobe`, with the times at which its output came. `node scripts/draw-demo.mjs`, after
// `npm run build` and `npm run images -- riscv64-debian`.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, say, SetupError } from './lib/console.mjs';
import { root, shown } from './lib/project.mjs';

const PROMPT = '# ';
const COMMANDS = ['uname -srm', 'grep -m1 isa /proc/cpuinfo', 'echo $((6 * 7)) | rev', 'poweroff'];
const IMAGES = '.cache/images/riscv64-debian';
const SHOWN_COMMAND = `npx snowglobe riscv64 -m 512 -kernel vmlinux -initrd initrd.gz -append console=ttyS0`;

const COLUMNS = 92;
const ROWS = 20;
const LINE = 18;
const CHAR = 8.43;
const MARGIN = 18;
/** How fast a person types, and how long the last picture stays, ms. */
const KEY_MS = 55;
const REST_MS = 4000;
/** Times are as they were, but a pause is not longer than this, ms. */
const PAUSE_MAX = 900;

/** What a terminal obeys and does not show. */
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');

/** Runs the guest. Resolves with its output as it came: [ms since the one before, text]. */
function record() {
  const args = ['riscv64', '-m', '512', '-kernel', `${IMAGES}/vmlinux`, '-initrd', `${IMAGES}/initrd.gz`];
  const script = COMMANDS.flatMap((command) => ['--expect', '[#] $', '--send', `${command}\\n`]);
  const child = spawn(
    process.execPath,
    ['bin/snowglobe.js', ...args, '-append', 'console=ttyS0', ...script, '--timeout', '120', '-nographic'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const chunks = [];
  let last = 0;
  child.stdout.on('data', (data) => {
    const now = performance.now();
    chunks.push([last === 0 ? 0 : now - last, data.toString('utf8')]);
    last = now;
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (status) =>
      status === 0 ? resolve(chunks) : reject(new SetupError(`the guest ended with status ${status}`)),
    );
  });
}

/** Lines of the terminal: text, and when it is there, ms. What is typed has a time for each character. */
function linesOf(chunks) {
  const lines = [];
  let time = SHOWN_COMMAND.length * KEY_MS + 500;
  lines.push({ prompt: '$ ', text: SHOWN_COMMAND, at: 200, typed: true });
  let open = '';
  const waiting = [...COMMANDS];
  const put = (text) => {
    const plain = text.replace(SEQUENCE, '').replaceAll('\r', '').trimEnd();
    const command = waiting[0];
    const at = plain.lastIndexOf(PROMPT);
    if (command !== undefined && at >= 0 && plain.slice(at + PROMPT.length) === command) {
      waiting.shift();
      lines.push({ prompt: plain.slice(0, at + PROMPT.length), text: command, at: time, typed: true });
      time += command.length * KEY_MS + 300;
    } else if (plain !== '' || lines.at(-1)?.text !== '') lines.push({ prompt: '', text: plain, at: time });
  };
  for (const [pause, text] of chunks) {
    time += Math.min(pause, PAUSE_MAX);
    const parts = (open + text).split('\n');
    open = parts.pop();
    for (const part of parts) put(part);
  }
  if (open.trim() !== '') put(open);
  return { lines, end: time + REST_MS };
}

const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

/** The recording as a picture that moves by CSS alone, over and over. */
function svgOf({ lines, end }) {
  const width = Math.round(COLUMNS * CHAR + 2 * MARGIN);
  const height = ROWS * LINE + 2 * MARGIN + 26;
  const percent = (ms) => ((ms / end) * 100).toFixed(2);
  const styles = new Map();
  /** The class of what appears at a time: steps of 50 ms, so that lines share them. */
  const since = (ms) => {
    const step = Math.max(1, Math.round(ms / 50));
    if (!styles.has(step)) {
      const at = percent(step * 50);
      styles.set(
        step,
        `@keyframes a${step}{0%,${at}%{opacity:0}${(Number(at) + 0.01).toFixed(2)}%,100%{opacity:1}}.a${step}{animation:a${step} ${end}ms step-end infinite}`,
      );
    }
    return `a${step}`;
  };
  const rows = lines.map(({ prompt, text, at, typed }, row) => {
    const y = (row + 1) * LINE;
    const shownText = text.slice(0, COLUMNS - prompt.length);
    if (!typed) return `<text y="${y}" class="${since(at)}">${escape(shownText)}</text>`;
    const chars = [...shownText].map(
      (char, i) => `<tspan class="${since(at + i * KEY_MS)}">${escape(char)}</tspan>`,
    );
    return `<text y="${y}"><tspan class="p ${since(at)}">${escape(prompt)}</tspan>${chars.join('')}</text>`;
  });
  // The screen moves up by a line for each below its last row.
  const moves = lines
    .slice(ROWS)
    .map(({ at }, i) => `${percent(at)}%{transform:translateY(${-(i + 1) * LINE}px)}`)
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: snowglobe boots Debian’s Linux on RISC-V to a shell">
<style>text{font:14px/1 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d5deec}.p{fill:#8ecbff}.s{animation:s ${end}ms step-end infinite}@keyframes s{0%{transform:none}${moves}100%{transform:translateY(${-Math.max(0, lines.length - ROWS) * LINE}px)}}${[...styles.values()].join('')}@media (prefers-reduced-motion:reduce){*{animation-duration:1ms!important;animation-iteration-count:1!important;animation-fill-mode:forwards!important}}</style>
<rect width="${width}" height="${height}" rx="10" fill="#0b1526"/><path d="M0 10a10 10 0 0 1 10-10H${width - 10}a10 10 0 0 1 10 10v18H0z" fill="#1a2942"/><circle cx="18" cy="14" r="5" fill="#f0746b"/><circle cx="36" cy="14" r="5" fill="#f2c063"/><circle cx="54" cy="14" r="5" fill="#7ecb7a"/>
<svg x="${MARGIN}" y="${28 + MARGIN / 2}" width="${width - 2 * MARGIN}" height="${ROWS * LINE + 8}"><g class="s">
${rows.join('\n')}
</g></svg></svg>
`;
}

await main(async () => {
  const svg = svgOf(linesOf(await record()));
  if (svg.length > 100_000) throw new SetupError(`the picture has ${svg.length} bytes, more than 100,000`);
  const path = join(root, 'docs/demo.svg');
  writeFileSync(path, svg);
  say(`${shown(path)}: ${svg.length} bytes`);
  return 0;
});
