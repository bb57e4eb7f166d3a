/** `x` and `xp`: memory in QEMU's formats, `/count format size`. */
export interface DumpFormat {
  count: number;
  format: 'x' | 'd' | 'u' | 'o' | 'c';
  size: 1 | 2 | 4 | 8;
}
/** `/4xw`, `/8b` or nothing; null: it is no format. */
export declare function parseFormat(text: string): DumpFormat | null;
/**
 * @param read bytes at an address; null: nobody answers
 * @param digits of the addresses
 */
export declare function dump(
  format: DumpFormat,
  start: bigint,
  read: (address: bigint, length: number) => Uint8Array | null,
  digits: number,
): string[];
