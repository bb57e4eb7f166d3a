// What the two commands say while they work: one line a step, with a running counter where a terminal can show it.

const tty = process.stdout.isTTY === true;
const paint = (code, text) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = (text) => paint('1', text);
export const dim = (text) => paint('2', text);
export const green = (text) => paint('32', text);
export const red = (text) => paint('31', text);
export const yellow = (text) => paint('33', text);

/** A failure whose message tells the person what to do; printed without a stack. */
export class SetupError extends Error {}

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

export function say(text = '') {
  console.log(text);
}

/** The steps that work now; a terminal's line is the last one's. */
const running = [];

/**
 * Runs `work` under a title, which others may do meanwhile. On a terminal the line is redrawn with what `progress` was last told; elsewhere each
 * change of progress gets a line, at most one a second. Returns what `work` returns; its failure is named and rethrown.
 */
export async function step(title, work) {
  const start = Date.now();
  let detail = '';
  let lastPrinted = 0;
  const own = {};
  running.push(own);
  const draw = () => {
    if (tty && running.at(-1) === own)
      process.stdout.write(`\r\x1b[K  … ${title} ${dim(`${detail} ${seconds(Date.now() - start)}`)}`);
  };
  const progress = (text) => {
    if (text === detail) return;
    detail = text;
    if (tty) draw();
    else if (Date.now() - lastPrinted > 1000) {
      lastPrinted = Date.now();
      console.log(`    ${text}`);
    }
  };
  if (tty) draw();
  else console.log(`  … ${title}`);
  const timer = tty ? setInterval(draw, 500) : undefined;
  const finish = (mark, text) => {
    clearInterval(timer);
    running.splice(running.indexOf(own), 1);
    console.log(`${tty ? '\r\x1b[K' : ''}  ${mark} ${title} ${dim(`${text}${seconds(Date.now() - start)}`)}`);
  };
  try {
    const result = await work(progress);
    finish(green('✓'), typeof result === 'string' ? `${result}, ` : '');
    return result;
  } catch (error) {
    finish(red('✗'), 'failed after ');
    throw error;
  }
}

/** Runs a script's main function: expected failures in one line and status 1, our own bugs with a stack. */
export async function main(body) {
  try {
    const status = await body();
    if (typeof status === 'number') process.exitCode = status;
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${red('Error:')} ${error.message}` : error);
    process.exitCode = 1;
  }
}
