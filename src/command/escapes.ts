import { UsageError } from './usage-error.ts';

const SIMPLE: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  e: '\x1b',
  '0': '\0',
  '\\': '\\',
};

/**
 * The bytes that `--send TEXT` types: UTF-8 of TEXT, in which \n \r \t \b \e \0 \\ and \xHH (one byte) are escapes.
 * Any other escape is a mistake and is reported, so that a new one can be added later.
 */
export function unescapeText(text: string): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const pattern = /\\(?:x([0-9a-fA-F]{2})|([\s\S])|$)/y;
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '\\') {
      const end = text.indexOf('\\', at);
      const plain = text.slice(at, end < 0 ? undefined : end);
      bytes.push(...encoder.encode(plain));
      at += plain.length;
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const [whole, hex, letter] = match as RegExpExecArray;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (letter !== undefined && letter in SIMPLE) bytes.push(...encoder.encode(SIMPLE[letter]));
    else {
      throw new UsageError(
        `"${whole}" in "${text}" is not an escape: use \\n \\r \\t \\b \\e \\0 \\\\ or \\xHH`,
      );
    }
    at += whole.length;
  }
  return Uint8Array.from(bytes);
}
