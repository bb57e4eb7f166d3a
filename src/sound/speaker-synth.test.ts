import { describe, expect, it } from 'vitest';
import { SPEAKER_HZ } from '../core/speaker.ts';
import { SpeakerSynth } from './speaker-synth.ts';

const RATE = 48000;
const BLOCK = 128;

/** Samples of so many seconds, in blocks as the audio thread asks for them. */
function render(synth: SpeakerSynth, seconds: number, frozen = false): Float32Array {
  const samples = new Float32Array(Math.ceil((seconds * RATE) / BLOCK) * BLOCK);
  for (let i = 0; i < samples.length; i += BLOCK) synth.render(samples.subarray(i, i + BLOCK), frozen);
  return samples;
}

/** Amplitude of a frequency: a bin of the discrete Fourier transform under Hann's window. */
function amplitude(samples: Float32Array, hz: number): number {
  let [re, im] = [0, 0];
  samples.forEach((sample, i) => {
    const window = 1 - Math.cos((2 * Math.PI * i) / samples.length);
    const angle = (2 * Math.PI * hz * i) / RATE;
    re += sample * window * Math.cos(angle);
    im += sample * window * Math.sin(angle);
  });
  return (2 * Math.hypot(re, im)) / samples.length;
}

/** Frequency from the upward passages through 0, Hz. */
function frequency(samples: Float32Array): number {
  const passages: number[] = [];
  for (let i = 1; i < samples.length; i++) {
    const [a, b] = [samples[i - 1], samples[i]];
    if (a < 0 && b >= 0) passages.push(i - b / (b - a));
  }
  return ((passages.length - 1) * RATE) / (passages[passages.length - 1] - passages[0]);
}

const tone = (count: number, tick = 0): number[] => [
  tick,
  1,
  count - (count >> 1),
  count >> 1,
  count - (count >> 1),
];
const constant = (level: number, tick: number): number[] => [tick, level, 0, 0, 0];

/** A tone of this count that has been there for a while. */
function toneSamples(count: number): Float32Array {
  const synth = new SpeakerSynth(RATE);
  synth.push(tone(count), 0);
  render(synth, 0.3);
  return render(synth, 0.5);
}

describe('SpeakerSynth', () => {
  it.each([9121, 2712, 1193, 597, 239, 119])('plays the tone of the count %i', (count) => {
    const hz = SPEAKER_HZ / count;
    expect(frequency(toneSamples(count)) / hz).toBeCloseTo(1, 3);
  });

  it('has the harmonics of a square wave', () => {
    const samples = toneSamples(1193);
    const hz = SPEAKER_HZ / 1193;
    // 2 / (pi n) for the odd ones of a wave from 0 to 1, none for the even ones.
    for (const n of [1, 3, 5, 7]) expect(amplitude(samples, n * hz) * ((Math.PI * n) / 2)).toBeCloseTo(1, 1);
    for (const n of [2, 4, 6]) expect(amplitude(samples, n * hz)).toBeLessThan(0.002);
  });

  it('has nothing but harmonics: what lies above half the sample rate is not folded back', () => {
    // 5 kHz: a naive square wave has its 9th harmonic, 45 kHz, as a tone of 3 kHz at a ninth of the first.
    const hz = SPEAKER_HZ / 239;
    const samples = toneSamples(239);
    for (const n of [5, 7, 9, 11, 13]) {
      const folded = Math.abs(n * hz - Math.round((n * hz) / RATE) * RATE);
      expect(amplitude(samples, folded)).toBeLessThan(0.002);
    }
    expect(amplitude(samples, hz)).toBeGreaterThan(0.6);
  });

  it('of waves too fast to be heard only the average counts, so that they play samples by their duty cycle', () => {
    const synth = new SpeakerSynth(RATE);
    // 20 ticks a cycle, whose duty follows a sine of 500 Hz in steps of 1/8000 s.
    const waves: number[] = [];
    const step = SPEAKER_HZ / 8000;
    for (let i = 0; i < 4000; i++) {
      const high = Math.round(10 + 8 * Math.sin((2 * Math.PI * 500 * i) / 8000));
      waves.push(Math.round(i * step), 1, high, 20 - high, high);
    }
    synth.push(waves, 0);
    render(synth, 0.2);
    const samples = render(synth, 0.25);
    expect(amplitude(samples, 500)).toBeCloseTo(0.4, 1);
    expect(frequency(samples)).toBeCloseTo(500, 0);
  });

  it('follows single edges at their times', () => {
    const synth = new SpeakerSynth(RATE);
    const half = SPEAKER_HZ / 2 / 700;
    const waves = Array.from({ length: 500 }, (_, i) => constant(i & 1, i * half)).flat();
    synth.push(waves, 0);
    render(synth, 0.1);
    expect(frequency(render(synth, 0.2))).toBeCloseTo(700, 0);
  });

  it('falls silent when the speaker stands still, high or low, and starts again', () => {
    const synth = new SpeakerSynth(RATE);
    expect(synth.silent).toBe(true);
    for (const level of [0, 1]) {
      const start = level * 2 * SPEAKER_HZ;
      synth.push(tone(1193, start), start);
      synth.push(constant(level, start + SPEAKER_HZ / 10), start + SPEAKER_HZ / 10);
      expect(synth.silent).toBe(false);
      expect(amplitude(render(synth, 0.14).subarray(3000), 1000)).toBeGreaterThan(0.5);
      const rest = render(synth, 0.5);
      expect(synth.silent).toBe(true);
      expect(Math.max(...rest.subarray(RATE / 4).map(Math.abs))).toBeLessThan(0.001);
    }
  });

  it('a wave that is told for an earlier time takes the place of a later one', () => {
    const synth = new SpeakerSynth(RATE);
    synth.push([...constant(0, 0), ...tone(1193, SPEAKER_HZ / 10)], 0);
    synth.push(constant(0, SPEAKER_HZ / 20), SPEAKER_HZ / 20);
    expect(Math.max(...render(synth, 0.4))).toBe(0);
  });

  it('plays a late batch whole, and later ones with more room', () => {
    const synth = new SpeakerSynth(RATE);
    synth.push(tone(1193), 0);
    render(synth, 0.15);
    // 0.1 s late, by then it should have been silent: it goes on for the rest of the beep's 0.05 s.
    synth.push(constant(0, SPEAKER_HZ * 0.05), SPEAKER_HZ * 0.15);
    render(synth, 0.02);
    render(synth, 0.2);
    expect(synth.silent).toBe(true);
    synth.push(tone(1193, SPEAKER_HZ), SPEAKER_HZ);
    // The delay that was seen, and the 50 ms that there are in any case.
    expect(Math.max(...render(synth, 0.09))).toBe(0);
    expect(Math.max(...render(synth, 0.1))).toBeGreaterThan(0.5);
  });

  it('goes on with a tone that began long ago', () => {
    const synth = new SpeakerSynth(RATE);
    synth.push(tone(1193), SPEAKER_HZ * 60);
    expect(frequency(render(synth, 0.5).subarray(RATE / 4))).toBeCloseTo(1000.15, 0);
  });

  it('stands still with its guest, and goes on where it was', () => {
    const synth = new SpeakerSynth(RATE);
    synth.push([...tone(1193), ...constant(0, SPEAKER_HZ / 2)], 0);
    render(synth, 0.3);
    expect(Math.max(...render(synth, 0.4, true).subarray(RATE / 5))).toBeLessThan(0.001);
    expect(synth.still).toBe(true);
    expect(synth.silent).toBe(false);
    expect(frequency(render(synth, 0.2).subarray(RATE / 20))).toBeCloseTo(1000.15, 0);
    render(synth, 0.5);
    expect(synth.silent).toBe(true);
  });

  it('forgets everything when it is silenced', () => {
    const synth = new SpeakerSynth(RATE);
    synth.push([...tone(1193), ...tone(500, SPEAKER_HZ)], 0);
    render(synth, 0.2);
    synth.silence();
    render(synth, 0.3);
    expect(synth.silent).toBe(true);
  });
});
