/**
 * Names and paths of guests and hosts with Unix are bytes; as strings they are their UTF-8, and each byte that is no part of any is a lone surrogate, U+DC80 to
 * U+DCFF: what Python calls surrogateescape (PEP 383). No two names become the same string.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const ESCAPES = 0xdc00;
/** A lone surrogate: with the flag `u` it is no half of a pair. */
const ESCAPED = /[\udc80-\udcff]/u;

/** Bytes of the character of UTF-8 that begins at `at`; 0: none does (RFC 3629, section 4). */
function characterBytes(bytes: Uint8Array, at: number): number {
  const [first, second] = [bytes[at], bytes[at + 1]];
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  // At the end `second` is undefined, which is in no range.
  if (length === 0 || !(second >= least && second <= most)) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  return length;
}

export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    let name = '';
    for (let at = 0; at < bytes.length; ) {
      const length = characterBytes(bytes, at);
      name +=
        length === 0
          ? String.fromCharCode(ESCAPES | bytes[at])
          : strict.decode(bytes.subarray(at, at + length));
      at += length || 1;
    }
    return name;
  }
}

/** Surrogates that stand for no byte become U+FFFD. */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
  if (!hasByteEscapes(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    if (ESCAPED.test(character)) bytes.push(character.charCodeAt(0) - ESCAPES);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Whether bytes of a name are no UTF-8. */
export function hasByteEscapes(name: string): boolean {
  return ESCAPED.test(name);
}
