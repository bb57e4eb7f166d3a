import type { RunnerScreenState } from '../core/runner-api.ts';
import type { PointerInput } from '../core/vm-api.ts';
import type { GuestVm } from '../cli/runner-page.ts';
import { step } from './steps.ts';
import { searching, type Waits, type WaitOptions } from '../core/waits.ts';

/** How often a wait for the screen looks at it, ms. */
const LOOK_MS = 100;

export type MouseButton = 'left' | 'right' | 'middle';

/** As in PointerInput. */
const BUTTONS: Readonly<Record<MouseButton, number>> = { left: 1, right: 2, middle: 4 };

export interface ClickOptions {
  /** Default `left`. */
  button?: MouseButton;
  /** 2 is a double click. Default 1. */
  count?: number;
}

export interface ScreenHost {
  guest: Pick<GuestVm, 'screenText' | 'screenState' | 'screenshot' | 'input'>;
  waits: Waits;
  /** Throws if nothing more is to be expected. */
  refuseIfOver(): void;
}

/** The mouse of a machine, or whatever its guest takes for one. */
export class MachineMouse {
  readonly #guest: Pick<GuestVm, 'input'>;
  #buttons = 0;

  constructor(guest: Pick<GuestVm, 'input'>) {
    this.#guest = guest;
  }

  /** Moves by counts of the mouse, to the right and downwards; how far the pointer goes with that is the guest's business. */
  moveBy(dx: number, dy: number): Promise<void> {
    return step(`mouse: move by ${dx}, ${dy}`, () => this.#send({ dx, dy }));
  }

  /** Presses a button. */
  down(button: MouseButton = 'left'): Promise<void> {
    this.#buttons |= BUTTONS[button];
    return step(`mouse: ${button} button down`, () => this.#send({}));
  }

  /** Lets go of it. */
  up(button: MouseButton = 'left'): Promise<void> {
    this.#buttons &= ~BUTTONS[button];
    return step(`mouse: ${button} button up`, () => this.#send({}));
  }

  /** Notches of the wheel, towards the person. */
  wheel(notches: number): Promise<void> {
    return step(`mouse: wheel ${notches}`, () => this.#send({ wheel: notches }));
  }

  async #send(pointer: Omit<PointerInput, 'buttons'>): Promise<void> {
    await this.#guest.input({ type: 'pointer', pointer: { ...pointer, buttons: this.#buttons } });
  }
}

/** The screen of a machine with a graphics card. */
export class MachineScreen {
  /** The mouse itself, for guests that follow no absolute pointer. */
  readonly mouse: MachineMouse;
  readonly #host: ScreenHost;

  constructor(host: ScreenHost) {
    this.#host = host;
    this.mouse = new MachineMouse(host.guest);
  }

  /** The characters on the screen, a line for each row, without trailing blanks; empty unless it is in a text mode. */
  text(): Promise<string> {
    return this.#host.guest.screenText();
  }

  /** Size and mode at this moment. Null: the machine has no screen. */
  state(): Promise<RunnerScreenState | null> {
    return this.#host.guest.screenState();
  }

  /** The picture as a PNG file, in the guest's own pixels, with everything that blinks shown. Null: there is none, or the screen is off. */
  screenshot(): Promise<Buffer | null> {
    return this.#host.guest.screenshot();
  }

  /** Waits until the text on the screen matches, and returns the text. Rejects as soon as the guest ends without a match. */
  waitForText(pattern: RegExp | string, options: WaitOptions = {}): Promise<string> {
    const { guest, waits, refuseIfOver } = this.#host;
    const regex = searching(pattern);
    return step(`screen: wait for ${pattern}`, async () => {
      let text = '';
      let looking = false;
      const look = setInterval(async () => {
        // A busy page answers late: questions must not queue up.
        if (looking) return;
        looking = true;
        text = await guest.screenText().catch(() => text);
        looking = false;
        waits.wake();
      }, LOOK_MS);
      try {
        return await waits.wait(`screen text ${pattern}`, options, () => {
          regex.lastIndex = 0;
          if (regex.test(text)) return text;
          refuseIfOver();
          return undefined;
        });
      } finally {
        clearInterval(look);
      }
    });
  }

  /**
   * Clicks at a place in the guest's pixels.
   * @throws Error if the guest has no absolute pointer, so that nobody knows where its pointer is
   */
  click(x: number, y: number, { button = 'left', count = 1 }: ClickOptions = {}): Promise<void> {
    return step(`screen: click at ${x}, ${y}`, async () => {
      for (let click = 0; click < count; click++) {
        await this.#point(x, y, BUTTONS[button]);
        await this.#point(x, y, 0);
      }
    });
  }

  /** Moves the pointer to a place in the guest's pixels. @throws as `click` does */
  moveTo(x: number, y: number): Promise<void> {
    return step(`screen: move to ${x}, ${y}`, () => this.#point(x, y, 0));
  }

  async #point(x: number, y: number, buttons: number): Promise<void> {
    const { guest } = this.#host;
    const state = await guest.screenState();
    if (!state) throw new Error('the machine has no screen to click on');
    if (!state.absolute)
      throw new Error(
        'the guest follows no absolute pointer: use mouse.moveBy, or give it a tablet (-device virtio-tablet) and its driver',
      );
    if (!(x >= 0 && y >= 0 && x < state.width && y < state.height))
      throw new Error(
        `${x}, ${y} is outside of the screen, which has ${state.width} × ${state.height} pixels`,
      );
    const place = { x: x / Math.max(state.width - 1, 1), y: y / Math.max(state.height - 1, 1) };
    await guest.input({ type: 'pointer', pointer: { ...place, buttons } });
  }
}
