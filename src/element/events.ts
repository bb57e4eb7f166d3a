import type { DriveFailure, VmEvents, VmOutcome, VmState } from '../core/vm-api.ts';
import type { Failure } from './failure.ts';

/** The element's events and what their `detail` is. They bubble and cross shadow roots. */
export interface VmConsoleEventMap {
  'vm-state': CustomEvent<VmState>;
  'vm-progress': CustomEvent<VmEvents['progress']>;
  /** A drive's medium failed a request; with the action `stop` the machine is paused by it, and resume() tries again. */
  'vm-ioerror': CustomEvent<DriveFailure>;
  /** How a drive's published image comes has changed. */
  'vm-stream': CustomEvent<VmEvents['stream']>;
  'vm-exit': CustomEvent<{ outcome: VmOutcome; code: number }>;
  'vm-panic': CustomEvent<{ message: string }>;
  'vm-error': CustomEvent<Failure>;
}

declare global {
  interface HTMLElementEventMap extends VmConsoleEventMap {}
  interface DocumentEventMap extends VmConsoleEventMap {}
}
