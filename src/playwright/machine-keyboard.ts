import type { GuestVm } from '../cli/runner-page.ts';
import type { KeyboardLayout } from '../core/vm-api.ts';
import { chordCodes } from '../cli/keys.ts';
import { step } from './steps.ts';

/** The keyboard that is plugged into the machine: not the one of a terminal at its serial port. */
export class MachineKeyboard {
  readonly #guest: Pick<GuestVm, 'input'>;

  constructor(guest: Pick<GuestVm, 'input'>) {
    this.#guest = guest;
  }

  /** Presses keys together: `Control+Alt+Delete`, or as QEMU's sendkey has it, `ctrl-alt-delete`. */
  press(chord: string): Promise<void> {
    return step(`keyboard: press ${chord}`, async () => {
      const { missing } = await this.#guest.input({ type: 'press', codes: chordCodes(chord) });
      if (missing.length > 0) throw noKey(missing);
    });
  }

  /** Holds a key down until `up`. */
  down(key: string): Promise<void> {
    return step(`keyboard: ${key} down`, () => this.#keys(key, true));
  }

  /** Lets go of a key. */
  up(key: string): Promise<void> {
    return step(`keyboard: ${key} up`, () => this.#keys(key, false));
  }

  /**
   * Types a text as a person with this layout would, as fast as the guest reads it. The guest's own layout has to be the same.
   * @throws Error if characters have no key there, or the guest does not read its keyboard
   */
  type(text: string, layout: KeyboardLayout = 'us'): Promise<void> {
    return step(`keyboard: type ${JSON.stringify(text)}`, async () => {
      const { missing, done } = await this.#guest.input({ type: 'text', text, layout });
      if (!done) throw new Error('the guest does not read its keyboard; is there one, and a driver for it?');
      if (missing.length > 0)
        throw new Error(`the layout ${layout} has no key for ${[...new Set(missing)].join(' ')}`);
    });
  }

  async #keys(key: string, down: boolean): Promise<void> {
    for (const code of chordCodes(key)) {
      const { missing } = await this.#guest.input({ type: 'key', code, down });
      if (missing.length > 0) throw noKey(missing);
    }
  }
}

const noKey = (missing: readonly string[]): Error =>
  new Error(
    `the machine's keyboard took no ${missing.join(', ')}: it has no such key, or there is no keyboard`,
  );
