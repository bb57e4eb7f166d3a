export interface Demo {
  name: string;
  frames: number[];
  kept: number;
}
export const DEMOS: Demo[];
export const LAST_FRAME_AT: number;
export function stopAt(disk: Uint8Array, frame: number): Uint8Array;
export function pictureName(demo: Demo, frame: number): string;
