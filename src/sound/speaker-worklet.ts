/** The audio thread's part of the PC speaker: an AudioWorkletProcessor around the synthesizer. */
import { SpeakerSynth } from './speaker-synth.ts';

/** What the page says. */
export type ToWorklet =
  | { kind: 'waves'; waves: Float64Array<ArrayBuffer>; now: number }
  | { kind: 'silence' }
  | { kind: 'frozen'; frozen: boolean }
  | { kind: 'end' };

/** What the worklet says: it fell silent, having got so many messages with waves. */
export interface FromWorklet {
  idleAfter: number;
}

// lib.dom has no AudioWorkletGlobalScope.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class SpeakerProcessor extends AudioWorkletProcessor {
  readonly #synth = new SpeakerSynth(sampleRate);
  #frozen = false;
  #ended = false;
  #batches = 0;
  #idleAfter = -1;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => this.#hear(data);
  }

  #hear(message: ToWorklet): void {
    switch (message.kind) {
      case 'waves':
        this.#batches++;
        this.#synth.push(message.waves, message.now);
        break;
      case 'silence':
        this.#synth.silence();
        break;
      case 'frozen':
        this.#frozen = message.frozen;
        this.#idleAfter = -1;
        break;
      case 'end':
        this.#ended = true;
        break;
    }
  }

  process(_inputs: unknown, [[channel]]: Float32Array[][]): boolean {
    if (this.#ended) return false;
    this.#synth.render(channel, this.#frozen);
    const silent = this.#frozen ? this.#synth.still : this.#synth.silent;
    if (silent && this.#idleAfter !== this.#batches) {
      this.#idleAfter = this.#batches;
      this.port.postMessage({ idleAfter: this.#batches } satisfies FromWorklet);
    }
    return true;
  }
}

registerProcessor('snowglobe-speaker', SpeakerProcessor);
