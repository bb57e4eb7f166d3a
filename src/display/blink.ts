/** Which of the blinking things of a text mode are lit: the cursor changes twice as fast as characters. */
export interface BlinkPhase {
  cursor: boolean;
  text: boolean;
}

/** Half a period of the cursor, ms: 16 frames of a 60 Hz screen, as in QEMU. */
export const BLINK_MS = 266;

export const ALL_LIT: BlinkPhase = { cursor: true, text: true };

/** @param ms since an origin that the two phases share */
export function blinkPhase(ms: number): BlinkPhase {
  const half = Math.floor(ms / BLINK_MS);
  return { cursor: half % 2 === 0, text: half % 4 < 2 };
}
