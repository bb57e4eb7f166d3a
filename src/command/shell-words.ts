/** A line of text as a POSIX shell takes it apart. Columns count from 1, in UTF-16 units. */

/** What is wrong at one place of a line. */
export class LineError extends Error {
  readonly column: number;

  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

/** The words of a command line, with the quotes and comments of a shell. @throws LineError */
export function shellWords(line: string): { text: string; column: number }[] {
  const found: { text: string; column: number }[] = [];
  let word: { text: string; column: number } | null = null;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (/\s/.test(char)) {
      word = null;
      continue;
    }
    if (word === null) {
      if (char === '#') {
        while (at + 1 < line.length && line[at + 1] !== '\n') at++;
        continue;
      }
      word = { text: '', column: at + 1 };
      found.push(word);
    }
    if (char === "'" || char === '"') {
      const quote = at;
      for (at++; line[at] !== char; at++) {
        if (at >= line.length) throw new LineError(quote + 1, `the closing ${char} is missing`);
        if (char === '"' && line[at] === '\\' && /["\\$`]/.test(line[at + 1] ?? '')) at++;
        word.text += line[at];
      }
    } else if (char === '\\' && at + 1 < line.length) word.text += line[++at];
    else word.text += char;
  }
  return found;
}
