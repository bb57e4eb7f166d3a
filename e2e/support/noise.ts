import { randomWords } from '../../tests/support/random.ts';

/** Bytes that do not repeat within what a cache holds. */
export function noise(bytes: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  const word = randomWords(seed);
  words.forEach((_, i) => {
    words[i] = word();
  });
  return Buffer.from(words.buffer, 0, bytes);
}
