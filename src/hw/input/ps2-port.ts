/** A device at one of the keyboard controller's two ports. */
import type { StateReader } from '../device.ts';

export interface Ps2Device {
  /** The next byte for the controller; null: there is none. */
  take(): number | null;
  /** A byte from the guest. */
  receive(byte: number): void;
  /** Power-on. */
  reset(): void;
  save(prefix: string): Record<string, number | boolean | readonly number[] | string | null>;
  /** Reads and checks a saved state; the function it gives takes it over. */
  restorer(prefix: string, reader: StateReader): () => void;
}

export const ACK = 0xfa;
export const RESEND = 0xfe;
export const TEST_PASSED = 0xaa;
