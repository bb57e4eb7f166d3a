/** The PC speaker as the host hears it. */
import type { Unsubscribe } from './vm-api.ts';

/** Ticks of a second: the clock of the 8254. */
export const SPEAKER_HZ = 1193182;

/**
 * A wave is five numbers: the tick from which it is so, the speaker's level (0 or 1), and in ticks, 0 standing for ever: until the level changes, and how long it
 * stays so then and after that, by turns. It lasts until the next wave begins; one that is told later for an earlier tick takes the place of those after it.
 */
export const WAVE_NUMBERS = 5;

/**
 * @param waves WAVE_NUMBERS numbers each, in the order in which they were made; null: the machine was reset or is gone, and the speaker is silent
 * @param now the guest's time, in ticks
 */
export type SpeakerListener = (waves: Float64Array<ArrayBuffer> | null, now: number) => void;

/** The speaker of a machine. While nobody listens it costs nothing. */
export interface VmSpeaker {
  /** Calls back with what the speaker does; begins with what it does now. */
  onWaves(listener: SpeakerListener): Unsubscribe;
}
