import type { DriveFailure, VmEvents, VmOutcome, VmState } from '../core/vm-api.ts';
import type { SoundState } from '../sound/speaker-output.ts';
import type { Failure } from './failure.ts';
import type { FileDrop } from './file-drop.ts';
import type { View } from './screen-switch.ts';

/** The element's events and what their `detail` is. They bubble and cross shadow roots. */
export interface VmConsoleEventMap {
  'vm-state': CustomEvent<VmState>;
  'vm-progress': CustomEvent<VmEvents['progress']>;
  /** A drive's medium failed a request; with the action `stop` the machine is paused by it, and resume() tries again. */
  'vm-ioerror': CustomEvent<DriveFailure>;
  /** How a drive's published image comes has changed. */
  'vm-stream': CustomEvent<VmEvents['stream']>;
  'vm-exit': CustomEvent<{ outcome: VmOutcome; code: number }>;
  /** The machine was reset, and begins anew; `guest`: it asked for that itself. */
  'vm-reset': CustomEvent<VmEvents['reset']>;
  'vm-panic': CustomEvent<{ message: string }>;
  'vm-error': CustomEvent<Failure>;
  /** Files were dropped on the element. It puts them into the machine's first shared folder, unless the event is cancelled. */
  'vm-filedrop': CustomEvent<FileDrop>;
  /** What is looked at is something else. */
  'vm-view': CustomEvent<View>;
  /** It went into a window of its own, or came back. */
  'vm-popout': CustomEvent<boolean>;
  /** What is to be heard is something else. */
  'vm-sound': CustomEvent<SoundState>;
  /** The terminal has another size, in characters. */
  'vm-terminal-size': CustomEvent<{ columns: number; rows: number }>;
}

/** Sends one of the element's events. */
export type Emit = <K extends keyof VmConsoleEventMap>(
  type: K,
  detail: VmConsoleEventMap[K]['detail'],
) => void;

declare global {
  interface HTMLElementEventMap extends VmConsoleEventMap {}
  interface DocumentEventMap extends VmConsoleEventMap {}
}
