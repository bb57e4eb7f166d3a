export interface Mode {
  name: string;
  sr: number[];
  gr: number[];
  cr: number[];
  ar: number[];
  misc: number;
  /** Writes to dispi: index and value. */
  dispi: [number, number][] | null;
}
export const MODES: Mode[];
export const PATTERN_BYTES: number;
export function patternByte(at: number): number;
export const DAC: number[][];
