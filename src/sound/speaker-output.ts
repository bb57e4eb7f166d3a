/** Plays a machine's speaker on the page. */
import type { VmSpeaker } from '../core/speaker.ts';
import type { Unsubscribe, Vm } from '../core/vm-api.ts';
import { leaveAudio, mayPlay, onGesture, openAudio, setHeard } from './audio-host.ts';
import type { FromWorklet, ToWorklet } from './speaker-worklet.ts';

/** A square wave at full scale hurts. */
const LOUDEST = 0.3;
/** Time in which the volume changes, seconds: a jump would click. */
const GLIDE = 0.01;

/** How the sound is. `blocked`: the browser waits for the person to do something on the page. */
export type SoundState = 'none' | 'silent' | 'playing' | 'muted' | 'blocked' | 'failed';

/** One console's sound. It outlives its machines; nothing is made before the first one is to be heard. */
export class SpeakerOutput {
  readonly #changed: () => void;
  #speaker: VmSpeaker | null = null;
  #leave: Unsubscribe[] = [];
  #unlisten: Unsubscribe | null = null;
  #volume = 0.5;
  #muted = false;
  #opening: Promise<void> | null = null;
  #worklet: AudioWorkletNode | null = null;
  #gain: GainNode | null = null;
  /** What the worklet, when it is there, has to hear first. */
  #waiting: ToWorklet[] = [];
  /** Messages with waves that were sent. */
  #batches = 0;
  #blocked: (() => void) | null = null;
  #failed = false;
  #playing = false;
  #frozen = false;

  /** @param changed `state` is another one */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): SoundState {
    if (!this.#speaker) return 'none';
    if (this.#failed) return 'failed';
    if (this.#muted) return 'muted';
    if (this.#blocked) return 'blocked';
    return this.#playing ? 'playing' : 'silent';
  }

  /** 0 to 1. */
  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = Math.min(Math.max(Number.isFinite(volume) ? volume : 0, 0), 1);
    this.#setGain();
    this.#changed();
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    if (muted === this.#muted) return;
    this.#muted = muted;
    this.#listen();
  }

  /** The last node of the sound, for pages that want to do more with it; null before anything was heard. */
  get node(): AudioNode | null {
    return this.#gain;
  }

  /** Plays another machine, or none. */
  attach(vm: Vm | null): void {
    for (const leave of this.#leave) leave();
    this.#leave = [];
    this.#speaker = vm?.speaker ?? null;
    this.#stop();
    this.#freeze(vm?.state === 'paused');
    if (vm && this.#speaker) this.#leave.push(vm.on('state', (state) => this.#freeze(state === 'paused')));
    this.#listen();
  }

  /** Frees everything. It can be attached again. */
  dispose(): void {
    this.attach(null);
    this.#send({ kind: 'end' });
    this.#worklet?.disconnect();
    this.#gain?.disconnect();
    this.#forget();
    // One that is being made goes to the next machine, or is not made.
    if (!this.#worklet) return;
    this.#worklet.port.onmessage = null;
    this.#worklet = null;
    this.#gain = null;
    this.#opening = null;
    leaveAudio(this);
  }

  /** No worklet is going to say that it is silent; the next one counts anew. */
  #forget(): void {
    this.#waiting = [];
    this.#batches = 0;
    this.#setPlaying(false);
  }

  /** Hears the speaker if it is to be heard: a muted one costs nothing. */
  #listen(): void {
    this.#stop();
    if (this.#speaker && !this.#muted && !this.#failed) {
      this.#unlisten = this.#speaker.onWaves((waves, now) => this.#hear(waves, now));
    }
    this.#changed();
  }

  #stop(): void {
    this.#unlisten?.();
    this.#unlisten = null;
    this.#blocked?.();
    this.#blocked = null;
    this.#send({ kind: 'silence' });
  }

  #hear(waves: Float64Array<ArrayBuffer> | null, now: number): void {
    if (!waves) {
      this.#send({ kind: 'silence' });
      return;
    }
    if (!mayPlay()) {
      if (this.#blocked) return;
      // What it does by then is heard.
      this.#blocked = onGesture(() => {
        this.#blocked = null;
        this.#listen();
      });
      this.#changed();
      return;
    }
    this.#opening ??= this.#open();
    this.#batches++;
    this.#setPlaying(true);
    this.#send({ kind: 'waves', waves, now });
  }

  async #open(): Promise<void> {
    try {
      const context = await openAudio(this);
      if (!this.#speaker) {
        leaveAudio(this);
        this.#opening = null;
        this.#forget();
        return;
      }
      const gain = new GainNode(context, { gain: 0 });
      const worklet = new AudioWorkletNode(context, 'snowglobe-speaker', {
        numberOfInputs: 0,
        outputChannelCount: [1],
      });
      worklet.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => {
        if (data.idleAfter === this.#batches) this.#setPlaying(false);
      };
      worklet.connect(gain).connect(context.destination);
      this.#worklet = worklet;
      this.#gain = gain;
      this.#setGain();
      for (const message of this.#waiting.splice(0)) worklet.port.postMessage(message);
      setHeard(this, this.#playing);
    } catch (error) {
      console.warn('snowglobe: the sound could not be started.', error);
      leaveAudio(this);
      this.#failed = true;
      this.#waiting = [];
      this.#listen();
    }
  }

  #setPlaying(playing: boolean): void {
    setHeard(this, playing);
    if (playing === this.#playing) return;
    this.#playing = playing;
    this.#changed();
  }

  #freeze(frozen: boolean): void {
    if (frozen === this.#frozen) return;
    this.#frozen = frozen;
    this.#send({ kind: 'frozen', frozen });
    // If there is nothing to go on with, the worklet says so.
    if (!frozen && this.#worklet) this.#setPlaying(true);
  }

  #send(message: ToWorklet): void {
    if (this.#worklet) this.#worklet.port.postMessage(message);
    else if (this.#opening) this.#waiting.push(message);
  }

  #setGain(): void {
    const { context } = this.#gain ?? {};
    if (context) this.#gain?.gain.setTargetAtTime(LOUDEST * this.#volume ** 2, context.currentTime, GLIDE);
  }
}
