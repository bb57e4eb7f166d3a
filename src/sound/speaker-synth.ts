/**
 * Sound of the PC speaker: waves (src/core/speaker.ts) become samples. Each edge is a step whose spectrum ends below half the sample rate (BLEP: Brandt, "Hard sync without
 * aliasing", ICMC 2001), so that a square wave has its harmonics and no others; a high-pass filter takes away what no speaker moves for.
 */
import { SPEAKER_HZ, WAVE_NUMBERS } from '../core/speaker.ts';

/** Samples of a step, and places between two samples at which it may begin. */
const TAPS = 32;
const PHASES = 64;
/** Where the spectrum of a step ends, of half the sample rate. */
const CUTOFF = 0.8;
/** Below this the speaker's cone does not follow, Hz. */
const LOWEST_HZ = 20;
/** What is below this is silence. */
const SILENCE = 1e-4;

/** How far the sound lies behind the guest, seconds: news comes in batches of 10 ms and more. It grows to the largest delay that there was. */
const LATENCY = 0.05;
const LATENCY_MAX = 0.4;
/**
 * The page's clock and the sound card's are two, and a sound card takes its time to start. What is off by more than so many seconds goes faster or slower by up to
 * ADJUST; it jumps where nothing is lost by it, and where it is off by much.
 */
const TOLERANCE = 0.03;
const ADJUST = 0.005;
const JUMP = 1;

const ticks = (seconds: number): number => seconds * SPEAKER_HZ;

/** Rows of TAPS numbers, for impulses that lie so many PHASES before the middle: windowed sinc functions, each with the sum 1. */
function makeKernel(): Float64Array {
  const kernel = new Float64Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    let sum = 0;
    for (let i = 0; i < TAPS; i++) {
      const x = i - (TAPS / 2 - 1) - phase / PHASES;
      const sinc = x === 0 ? CUTOFF : Math.sin(Math.PI * CUTOFF * x) / (Math.PI * x);
      // Blackman's window.
      const w = (x + TAPS / 2) / TAPS;
      const window = 0.42 - 0.5 * Math.cos(2 * Math.PI * w) + 0.08 * Math.cos(4 * Math.PI * w);
      sum += kernel[phase * TAPS + i] = sinc * Math.max(window, 0);
    }
    for (let i = 0; i < TAPS; i++) kernel[phase * TAPS + i] /= sum;
  }
  return kernel;
}

const KERNEL = makeKernel();

interface Wave {
  tick: number;
  level: number;
  first: number;
  second: number;
  third: number;
}

export class SpeakerSynth {
  readonly #ticksPerSample: number;
  readonly #leak: number;
  /** Steps of the next samples, and TAPS more, into which the last ones reach. */
  #steps = new Float64Array(TAPS);
  /** Waves that have not begun. */
  #queue: Wave[] = [];
  /** Tick of the next sample. */
  #play = 0;
  #rate = 1;
  #latency = ticks(LATENCY);
  /** What the speaker does: its level, the tick of the next edge, and how long it stays so after that edge and the one after it, ticks. */
  #level = 0;
  #edge = Number.POSITIVE_INFINITY;
  #second = 0;
  #third = 0;
  /** The last sample. */
  #value = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.#ticksPerSample = SPEAKER_HZ / sampleRate;
    this.#leak = Math.exp((-2 * Math.PI * LOWEST_HZ) / sampleRate);
  }

  /** There is nothing to hear, and nothing on its way. */
  get silent(): boolean {
    return this.#queue.length === 0 && this.#edge === Number.POSITIVE_INFINITY && this.still;
  }

  /** The last samples were silence. */
  get still(): boolean {
    return Math.abs(this.#value) < SILENCE && this.#steps.every((step) => Math.abs(step) < SILENCE);
  }

  /**
   * Takes waves, as SpeakerListener gets them.
   * @param now the guest's time, in ticks
   */
  push(waves: ArrayLike<number>, now: number): void {
    if (waves.length > 0 && this.silent) {
      // A wave that began long ago goes on from here.
      const old = now - waves[0] > ticks(JUMP / 2);
      this.#play = (old ? now : waves[0]) - this.#latency;
      this.#rate = 1;
    }
    for (let i = 0; i < waves.length; i += WAVE_NUMBERS) {
      const wave = waveAt(waves, i);
      while (this.#queue.length > 0 && this.#queue[this.#queue.length - 1].tick >= wave.tick)
        this.#queue.pop();
      // One that comes too late: from now on there is more time.
      const late = this.#play - wave.tick;
      if (late > 0 && late < ticks(LATENCY_MAX)) {
        this.#latency = Math.min(this.#latency + late, ticks(LATENCY_MAX));
        this.#play = wave.tick;
      }
      this.#queue.push(wave);
    }
    this.#synchronize(now);
  }

  #synchronize(now: number): void {
    const target = now - this.#latency;
    const behind = target - this.#play;
    const off = Math.abs(behind) / SPEAKER_HZ;
    this.#rate = 1;
    if (off < TOLERANCE) return;
    const lossless = behind > 0 && !this.#queue.some(({ tick }) => tick < target);
    if (lossless || off > JUMP) this.#play = target;
    else this.#rate += Math.sign(behind) * Math.min(off / 50, ADJUST);
  }

  /** The speaker is let go of. */
  silence(): void {
    this.#queue = [];
    this.#edge = Number.POSITIVE_INFINITY;
    this.#level = 0;
    this.#latency = ticks(LATENCY);
  }

  /**
   * Makes the next samples, -1 to 1.
   * @param frozen the guest stands still: its time does not go on
   */
  render(samples: Float32Array, frozen = false): void {
    const { length } = samples;
    if (this.#steps.length < length + TAPS) {
      const steps = new Float64Array(length + TAPS);
      steps.set(this.#steps);
      this.#steps = steps;
    }
    const steps = this.#steps;
    if (!frozen) this.#addSteps(length);
    let value = this.#value;
    for (let i = 0; i < length; i++) {
      value = value * this.#leak + steps[i];
      samples[i] = value;
    }
    this.#value = Math.abs(value) < SILENCE / 10 ? 0 : value;
    steps.copyWithin(0, length, length + TAPS);
    steps.fill(0, TAPS);
  }

  #addSteps(length: number): void {
    const each = this.#ticksPerSample * this.#rate;
    const end = this.#play + length * each;
    for (;;) {
      const wave = this.#queue[0] as Wave | undefined;
      const at = Math.min(this.#edge, wave ? wave.tick : Number.POSITIVE_INFINITY);
      if (at >= end) break;
      const before = this.#level;
      if (wave && wave.tick <= this.#edge) {
        this.#queue.shift();
        this.#begin(wave, wave.tick < this.#play ? this.#play : wave.tick);
      } else this.#turn();
      this.#step(Math.max(at - this.#play, 0) / each, this.#level - before);
    }
    this.#play = end;
  }

  /** Goes to what a wave does at a tick. */
  #begin({ tick, level, first, second, third }: Wave, at: number): void {
    const period = second + third;
    if (second > 0 && third > 0 && period < this.#ticksPerSample) {
      // Too fast for samples: the speaker stands where it is on the average.
      this.#level = (level === 1 ? third : second) / period;
      this.#edge = Number.POSITIVE_INFINITY;
      return;
    }
    this.#level = level;
    this.#edge = first === 0 ? Number.POSITIVE_INFINITY : tick + first;
    this.#second = second;
    this.#third = third;
    if (second > 0 && third > 0 && at > this.#edge)
      this.#edge += Math.floor((at - this.#edge) / period) * period;
    while (this.#edge <= at) this.#turn();
  }

  /** Passes an edge. */
  #turn(): void {
    this.#level = 1 - this.#level;
    this.#edge = this.#second === 0 ? Number.POSITIVE_INFINITY : this.#edge + this.#second;
    [this.#second, this.#third] = [this.#third, this.#second];
  }

  /** Adds a step at a place between samples. */
  #step(at: number, height: number): void {
    const sample = Math.floor(at);
    const row = Math.round((at - sample) * PHASES) * TAPS;
    for (let i = 0; i < TAPS; i++) this.#steps[sample + i] += KERNEL[row + i] * height;
  }
}

function waveAt(waves: ArrayLike<number>, at: number): Wave {
  const [tick, level, first, second, third] = Array.from({ length: WAVE_NUMBERS }, (_, i) => waves[at + i]);
  return { tick, level, first, second, third };
}
