/** Numbers that repeat for a seed: the linear congruential generator of Numerical Recipes. Its high bits are the good ones. */

/** Numbers of 32 bits, each the generator's whole state. */
export function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** Whole numbers below `n`, of the high bits. */
export function randomBelow(seed: number): (n: number) => number {
  const word = randomWords(seed);
  return (n) => Math.floor((word() / 2 ** 32) * n);
}
