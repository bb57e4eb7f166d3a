/** The page's one AudioContext, for all machines on it. It runs only while one of them is to be heard. */
import workletUrl from './speaker-worklet.ts?worker&url';

/** What begins when the person does something: no browser lets a page make a noise before. */
const GESTURES = ['pointerup', 'keydown', 'touchend'] as const;

let context: AudioContext | null = null;
let loading: Promise<AudioContext> | null = null;
const users = new Set<object>();
const heard = new Set<object>();

/** Whether the page may be heard. */
export function mayPlay(): boolean {
  return context?.state === 'running' || (navigator.userActivation?.hasBeenActive ?? true);
}

/** Calls back after the person did something on the page. Returns how to forget it. */
export function onGesture(callback: () => void): () => void {
  const forget = (): void => {
    for (const type of GESTURES) removeEventListener(type, heardOf, { capture: true });
  };
  const heardOf = (): void => {
    if (!mayPlay()) return;
    forget();
    callback();
  };
  for (const type of GESTURES) addEventListener(type, heardOf, { capture: true });
  return forget;
}

/** The context, with the speaker's worklet in it; made at the first call, which mayPlay() has to have allowed. It is there until `who` leaves it. */
export function openAudio(who: object): Promise<AudioContext> {
  users.add(who);
  loading ??= (async () => {
    const made = new AudioContext({ latencyHint: 'interactive' });
    context = made;
    try {
      await made.audioWorklet.addModule(new URL(workletUrl, import.meta.url).href);
    } catch (error) {
      context = null;
      loading = null;
      await made.close();
      throw error;
    }
    return made;
  })();
  return loading;
}

/** Someone is to be heard from now on, or no more. The last one lets the context, and with it the sound card, rest. */
export function setHeard(who: object, on: boolean): void {
  if (on) heard.add(who);
  else heard.delete(who);
  if (!context) return;
  if (heard.size > 0 && context.state !== 'running') void context.resume();
  else if (heard.size === 0 && context.state === 'running') void context.suspend();
}

/** Someone has no more to do with the context; the last one closes it: a worklet in one that rests never ends. */
export function leaveAudio(who: object): void {
  users.delete(who);
  setHeard(who, false);
  if (users.size > 0) return;
  void context?.close();
  context = null;
  loading = null;
}
