const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** A size as qemu-img shows it: three digits, in units of which there are less than 1000. */
export function humanSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(3))} ${UNITS[unit]}B`;
}

export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 4));

/** Shows how far a command is, on its one line. */
export function progressTo(shown: boolean): ((done: number, total: number) => void) | undefined {
  if (!shown) return undefined;
  let before = '';
  return (done, total) => {
    const text = `    (${(total === 0 ? 100 : (100 * done) / total).toFixed(2)}/100%)\r`;
    if (text !== before) process.stdout.write((before = text));
    if (done === total) process.stdout.write('\n');
  };
}
