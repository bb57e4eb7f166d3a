/**
 * What the page hears of the PC speaker: waves, each of which says what the speaker does from a tick on until a later one says otherwise, so that a tone costs
 * nothing while it lasts. A wave may lie ahead, where a count takes over at the end of a cycle; one that is written after it for an earlier tick takes its place.
 */
import * as L from '../layout';
import { wakePage } from '../softmmu/device';

/** Writes a wave: see SPEAKER_STRIDE. */
export function speakerWave(tick: i64, level: u32, first: u32, second: u32, third: u32): void {
  const tail = atomic.load<u32>(L.SPEAKER_TAIL);
  const wave: usize = L.SPEAKER_RING + (tail % L.SPEAKER_ENTRIES) * L.SPEAKER_STRIDE;
  store<f64>(wave, <f64>tick, L.SPEAKER_TICK);
  store<u32>(wave, level, L.SPEAKER_LEVEL);
  store<u32>(wave, first, L.SPEAKER_FIRST);
  store<u32>(wave, second, L.SPEAKER_SECOND);
  store<u32>(wave, third, L.SPEAKER_THIRD);
  // After the wave, before the page is woken.
  atomic.store<u32>(L.SPEAKER_TAIL, tail + 1);
  if (atomic.xchg<u32>(L.SPEAKER_AWAKE, 1) == 0) wakePage(false);
}
