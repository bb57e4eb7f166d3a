import { type Arguments, has } from './arguments.ts';

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** A size as qemu-img shows it: three digits, in units of which there are less than 1000; halves go to the even neighbour, as in C's printf. */
export function humanSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${threeDigits(value)} ${UNITS[unit]}B`;
}

function threeDigits(value: number): number {
  const scale = 10 ** (value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);
  const down = Math.floor(value * scale);
  const rest = value * scale - down;
  return (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down) / scale;
}

export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 4));

/** Shows how far a command is, on its one line, if `-p` asks for it and `-q` does not forbid it. */
export function progressTo(args: Arguments): ((done: number, total: number) => void) | undefined {
  if (!has(args, '-p') || has(args, '-q')) return undefined;
  let before = '';
  return (done, total) => {
    const text = `    (${(total === 0 ? 100 : (100 * done) / total).toFixed(2)}/100%)\r`;
    if (text !== before) process.stdout.write((before = text));
    if (done === total) process.stdout.write('\n');
  };
}
