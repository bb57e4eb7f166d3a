/** The page's end of the PC speaker: takes the waves that the vCPU has written (assembly/irqchip/speaker.ts) to whoever listens. */
import { SPEAKER_HZ, type SpeakerListener, type VmSpeaker, WAVE_NUMBERS } from '../core/speaker.ts';
import type { Unsubscribe } from '../core/vm-api.ts';
import {
  SPEAKER_AWAKE,
  SPEAKER_ENTRIES,
  SPEAKER_FIRST,
  SPEAKER_LEVEL,
  SPEAKER_RING,
  SPEAKER_SECOND,
  SPEAKER_STRIDE,
  SPEAKER_TAIL,
  SPEAKER_THIRD,
  SPEAKER_TICK,
} from '../memory/layout.gen.ts';
import type { VmMemory } from '../memory/vm-memory.ts';

/** While there is news it is fetched this often, ms: a guest that plays samples makes 40,000 waves a second. */
const LOOK_MS = 10;

/** A wave's numbers after its tick. */
const FIELDS = [SPEAKER_LEVEL, SPEAKER_FIRST, SPEAKER_SECOND, SPEAKER_THIRD];

/** What of a running machine the speaker needs. */
export interface SpeakerSource {
  memory: VmMemory;
  clock: { now(): bigint };
}

/**
 * A machine's speaker through its lives.
 *
 * No lost wake-up. The vCPU stores TAIL, then exchanges AWAKE for 1 and wakes the page if it was 0. The page stores 0 to AWAKE, then looks at TAIL once more. While
 * nobody listens AWAKE stays 1, so that nobody is woken.
 */
export class MachineSpeaker implements VmSpeaker {
  private readonly listeners = new Set<SpeakerListener>();
  private source: SpeakerSource | null = null;
  /** Numbers of the wave that is taken next, and of the first one since the machine was reset. */
  private head = 0;
  private begin = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  connect(source: SpeakerSource | null): void {
    this.stop();
    this.source = source;
    this.silence();
  }

  /** The machine is being reset: what was on its way is nothing. */
  silence(): void {
    const { source } = this;
    this.head = source ? source.memory.load(SPEAKER_TAIL) : 0;
    this.begin = this.head;
    for (const listener of this.listeners) listener(null, this.now);
  }

  onWaves(listener: SpeakerListener): Unsubscribe {
    this.listeners.add(listener);
    const { source, head } = this;
    if (source) {
      const alone = this.listeners.size === 1;
      const tail = source.memory.load(SPEAKER_TAIL);
      if (tail !== this.begin) {
        this.head = (tail - 1) | 0;
        listener(this.take(source.memory), this.now);
      }
      if (!alone) this.head = head;
      this.look();
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  }

  /** To be called when a vCPU has woken the page. */
  look(): void {
    const { source } = this;
    if (!source || this.timer !== null || this.listeners.size === 0) return;
    if (source.memory.load(SPEAKER_AWAKE) === 1) this.turn(source);
  }

  private turn(source: SpeakerSource): void {
    this.timer = null;
    const { memory } = source;
    const waves = this.take(memory);
    if (waves.length === 0) {
      memory.store(SPEAKER_AWAKE, 0);
      if (memory.load(SPEAKER_TAIL) === this.head) return;
      memory.store(SPEAKER_AWAKE, 1);
    }
    const { now } = this;
    if (waves.length > 0) for (const listener of this.listeners) listener(waves, now);
    if (this.source === source) this.timer = setTimeout(() => this.turn(source), LOOK_MS);
  }

  /** The waves since the last call, but for those that were overwritten. */
  private take(memory: VmMemory): Float64Array<ArrayBuffer> {
    const { view } = memory;
    const room = SPEAKER_ENTRIES - 1;
    const tail = memory.load(SPEAKER_TAIL);
    const count = Math.min((tail - this.head) >>> 0, room);
    const first = (tail - count) | 0;
    const waves = new Float64Array(count * WAVE_NUMBERS);
    for (let i = 0; i < count; i++) {
      const at = SPEAKER_RING + (((first + i) >>> 0) % SPEAKER_ENTRIES) * SPEAKER_STRIDE;
      waves[i * WAVE_NUMBERS] = view.getFloat64(at + SPEAKER_TICK, true);
      FIELDS.forEach((field, n) => {
        waves[i * WAVE_NUMBERS + 1 + n] = view.getUint32(at + field, true);
      });
    }
    this.head = tail;
    // What was written meanwhile has taken the place of the oldest ones.
    const lost = Math.max(((memory.load(SPEAKER_TAIL) - first) >>> 0) - room, 0);
    return lost === 0 ? waves : waves.slice(lost * WAVE_NUMBERS);
  }

  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private get now(): number {
    return this.source ? (Number(this.source.clock.now()) * SPEAKER_HZ) / 1e9 : 0;
  }
}
