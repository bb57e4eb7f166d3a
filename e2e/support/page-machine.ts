/** The machine of the page's first console, as statements of a .vmtest file see one. */
import { VmError } from '../../src/core/errors.ts';
import type { RunnerInput, RunnerInputResult, RunnerScreenState } from '../../src/core/runner-api.ts';
import type { VmOutcome } from '../../src/core/vm-api.ts';
import type { VmConsole } from '../../src/element/index.ts';
import { MachineKeyboard } from '../../src/playwright/machine-keyboard.ts';
import { MachineScreen } from '../../src/playwright/machine-screen.ts';
import { SerialConsole } from '../../src/playwright/serial-console.ts';
import type { StatementMachine } from '../../src/playwright/vmtest.ts';
import { type WaitOptions, Waits } from '../../src/core/waits.ts';
import type { Page } from 'playwright/test';

type Told =
  | { type: 'serial'; bytes: number[] }
  | { type: 'exit'; outcome: VmOutcome; code: number }
  | { type: 'panic'; message: string }
  | { type: 'error'; title: string; message: string };

declare global {
  interface Window {
    machineTells(told: Told): Promise<void>;
  }
}

/** Does something with the page's first console. */
const withConsole = <T, A>(
  page: Page,
  work: (element: VmConsole, argument: A) => T | Promise<T>,
  argument: A,
) =>
  page
    .locator('vm-console')
    .first()
    .evaluate(work as (element: HTMLElement, argument: A) => T, argument as never);

export class PageMachine implements StatementMachine {
  readonly serial: SerialConsole;
  readonly ports: readonly SerialConsole[] = [];
  readonly screen: MachineScreen;
  readonly keyboard: MachineKeyboard;
  readonly #page: Page;
  readonly #waits = new Waits(() => this.#describe());
  #end: { outcome: VmOutcome; code: number } | null = null;
  #panic: string | null = null;
  #failure: string | null = null;

  private constructor(page: Page) {
    this.#page = page;
    const refuseIfOver = () => this.#refuseIfOver();
    const guest = {
      screenText: () => withConsole(page, (element) => element.vm?.screen?.text() ?? '', null),
      screenState: () =>
        withConsole(
          page,
          (element): RunnerScreenState | null => {
            const { vm } = element;
            if (!vm?.screen) return null;
            const { width, height, kind } = vm.screen.scanout();
            return { width, height, mode: kind === 'blank' ? null : kind, absolute: vm.input.absolute };
          },
          null,
        ),
      screenshot: async () => {
        const base64 = await withConsole(
          page,
          async (element) => {
            const kind = element.vm?.screen?.scanout().kind ?? 'blank';
            if (kind === 'blank') return null;
            const bytes = new Uint8Array(await (await element.screenshot()).arrayBuffer());
            return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
          },
          null,
        );
        return base64 === null ? null : Buffer.from(base64, 'base64');
      },
      input: (what: RunnerInput) => withConsole(page, input, what),
    };
    this.serial = new SerialConsole('serial port', null, {
      waits: this.#waits,
      send: (data) => {
        const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
        return withConsole(page, (element, list) => element.sendBytes(Uint8Array.from(list)), [...bytes]);
      },
      refuseIfOver,
    });
    this.screen = new MachineScreen({ guest, waits: this.#waits, refuseIfOver });
    this.keyboard = new MachineKeyboard(guest);
  }

  /** Follows the machine that the page starts next. To be called before there is one. */
  static async follow(page: Page): Promise<PageMachine> {
    const machine = new PageMachine(page);
    await page.exposeFunction('machineTells', (told: Told) => machine.#hear(told));
    await page.evaluate(() => {
      document.addEventListener('vm-state', (event) => {
        const element = event.target as VmConsole;
        if ((event as CustomEvent).detail !== 'loading' || element.dataset.followed) return;
        element.dataset.followed = 'yes';
        element.serial.onData((bytes) => window.machineTells({ type: 'serial', bytes: [...bytes] }));
        element.addEventListener('vm-exit', ({ detail }) => {
          void window.machineTells({ type: 'exit', ...detail });
        });
        element.addEventListener('vm-panic', ({ detail }) => {
          void window.machineTells({ type: 'panic', ...detail });
        });
        element.addEventListener('vm-error', ({ detail: { title, message } }) => {
          void window.machineTells({ type: 'error', title, message });
        });
      });
    });
    return machine;
  }

  #hear(told: Told): void {
    if (told.type === 'serial') this.serial.take(Uint8Array.from(told.bytes));
    else if (told.type === 'exit') this.#end = told;
    else if (told.type === 'panic') this.#panic = told.message;
    else this.#failure = `${told.title}: ${told.message}`;
    this.#waits.wake();
  }

  #refuseIfOver(): void {
    if (this.#failure !== null) throw new Error(this.#failure);
    if (this.#end) throw new Error(`the guest has ended (${this.#end.outcome})`);
  }

  async #describe(): Promise<string> {
    const screen = await this.screen.text().catch(() => '');
    return `The serial port ends in:\n${this.serial.tail}${screen && `\nThe screen shows:\n${screen}`}`;
  }

  port(): SerialConsole {
    throw new VmError('bad-config', 'a machine on the page has no other ports here');
  }

  async reset(): Promise<void> {
    await withConsole(this.#page, (element) => element.reset(), null);
  }

  async restart(): Promise<void> {
    await withConsole(this.#page, (element) => element.destroy().then(() => element.start()), null);
  }

  async powerOff(): Promise<void> {
    await withConsole(this.#page, (element) => element.powerOff(), null);
  }

  async changeMedium(): Promise<void> {
    throw new VmError('bad-config', 'a machine on the page takes no files of a test');
  }

  eject(drive: string): Promise<boolean> {
    return withConsole(this.#page, (element, name) => element.vm!.eject(name), drive);
  }

  waitForExit(options: WaitOptions = {}): Promise<{ outcome: VmOutcome; code: number }> {
    return this.#waits.wait('the guest’s end', options, () => {
      if (this.#failure !== null) throw new Error(this.#failure);
      return this.#end ?? undefined;
    });
  }

  waitForPanic(options: WaitOptions = {}): Promise<string> {
    return this.#waits.wait('a panic', options, () => {
      if (this.#panic === null) this.#refuseIfOver();
      return this.#panic ?? undefined;
    });
  }
}

/** Runs in the page, so it stands by itself. */
async function input(element: VmConsole, what: RunnerInput): Promise<RunnerInputResult> {
  const keyboard = element.vm!.input;
  if (what.type === 'text') return keyboard.type(what.text, what.layout);
  const missing: string[] = [];
  if (what.type === 'pointer') keyboard.pointer(what.pointer);
  else if (what.type === 'key') {
    if (!keyboard.key(what.code, what.down)) missing.push(what.code);
  } else {
    for (const code of what.codes) if (!keyboard.key(code, true)) missing.push(code);
    for (const code of what.codes.toReversed()) keyboard.key(code, false);
  }
  return { missing, done: true };
}
