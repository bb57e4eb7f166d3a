import { setTimeout as wait } from 'node:timers/promises';
import type { Page } from 'playwright';
import type { GuestConfig, GuestVm } from '../cli/runner-page.ts';
import { VmError } from '../core/errors.ts';
import type { DriveState, VmErrorCode, VmOutcome, VmReport, VmState } from '../core/vm-api.ts';
import type { MachineKeyboard } from './machine-keyboard.ts';
import { MachineLife } from './machine-life.ts';
import type { MachineScreen } from './machine-screen.ts';
import type { SerialConsole } from './serial-console.ts';
import { step } from './steps.ts';
import { Waits, type WaitOptions } from '../core/waits.ts';

/** Lines of the screen that an error message shows. */
const SCREEN_LINES = 25;
/** For the screen of a page that does not answer any more, ms. */
const SCREEN_LIMIT_MS = 2000;

export interface BootOptions {
  /** Show a terminal on the serial port, and the machine's screen, in the page. Default: if a trace or a video is recorded. */
  screen?: boolean;
}

/** Where machines come from, and how they are made there. */
export interface MachineSource {
  page: Page;
  create(): GuestVm;
  /** Boot images stay in the page. */
  keep: boolean;
  screen: boolean;
}

/** The `vm` of a test: a guest, what it wrote, and how it ended. */
export class VirtualMachine {
  /** The page that the machine runs in; other machines of the same test share it. */
  readonly page: Page;
  readonly #source: MachineSource;
  readonly #waits = new Waits(() => this.#describe());
  #life: MachineLife;
  #booted: { config: GuestConfig; options: BootOptions } | undefined;

  constructor(source: MachineSource) {
    this.#source = source;
    this.page = source.page;
    this.#life = this.#newLife();
  }

  /** The first serial port. */
  get serial(): SerialConsole {
    return this.#life.serial;
  }

  /** What it shows, for people's eyes, and the pointer on it. */
  get screen(): MachineScreen {
    return this.#life.screen;
  }

  /** The keyboard of its screen. */
  get keyboard(): MachineKeyboard {
    return this.#life.keyboard;
  }

  /** Ports of virtio-serial devices, in order, but for one that shares `serial`; known once the machine is booted. */
  get ports(): readonly SerialConsole[] {
    return this.#life.ports;
  }

  /** A port of a virtio-serial device by its name, or its place in `ports`. @throws Error that says which there are */
  port(which: string | number): SerialConsole {
    const { ports } = this.#life;
    const found = typeof which === 'number' ? ports[which] : ports.find(({ name }) => name === which);
    if (found) return found;
    const there = ports.map(({ name }, place) => name ?? place).join(', ') || 'none';
    throw new Error(`there is no port ${which}: the machine has ${there}`);
  }

  /** Where it is in its life, as far as the page has told. */
  get state(): VmState {
    return this.#life.state;
  }

  /** Lines that the guest left at a debug port: `firmware` is port 0x402, `debugcon` port 0xe9. */
  debugText(port: 'firmware' | 'debugcon' = 'debugcon'): string {
    return this.#life.log
      .flatMap(({ source, message }) => (source === port ? [`${message}\n`] : []))
      .join('');
  }

  /** Starts the guest; images are paths. Resolves when its first instruction is about to run. Rejects with VmError. */
  boot(config: GuestConfig, options: BootOptions = {}): Promise<void> {
    return step(`boot ${config.arch}`, () => this.#boot(config, options));
  }

  /**
   * A new machine of the same configuration in the place of this one, in the same page: memory, devices and disks as at the first
   * boot, its output empty. Compiled cores stay, and images where the page keeps them, so it is much quicker than a new page.
   */
  restart(): Promise<void> {
    return step('restart', async () => {
      if (!this.#booted) throw new Error('restart: the machine was not booted yet');
      const { config, options } = this.#booted;
      await this.#life.guest.destroy();
      this.#life = this.#newLife();
      await this.#boot(config, options);
    });
  }

  /** Waits until the guest ends by itself or is stopped. Rejects if the machine fails. */
  waitForExit(options: WaitOptions = {}): Promise<{ outcome: VmOutcome; code: number }> {
    return step('wait for the end of the guest', () =>
      this.#waits.wait('the end of the guest', options, () => {
        const { failure, ended } = this.#life;
        if (failure) throw new VmError(failure.code, failure.message);
        return ended;
      }),
    );
  }

  /** Waits until the guest reports a panic; returns the line that says so. */
  waitForPanic(options: WaitOptions = {}): Promise<string> {
    return step('wait for a panic', () =>
      this.#waits.wait('a panic of the guest', options, () => {
        if (this.#life.panic === undefined) this.#life.refuseIfOver();
        return this.#life.panic;
      }),
    );
  }

  /** Waits until the machine fails (its state is then `error`), and returns the failure. */
  waitForError(options: WaitOptions = {}): Promise<{ code: VmErrorCode; message: string }> {
    return step('wait for a failure of the machine', () =>
      this.#waits.wait('a failure of the machine', options, () => this.#life.failure),
    );
  }

  /** Waits until the machine is in this state. */
  async waitForState(state: VmState, options: WaitOptions = {}): Promise<void> {
    await step(`wait for state ${state}`, () =>
      this.#waits.wait(`state ${state}`, options, () => (this.#life.state === state ? true : undefined)),
    );
  }

  /** Stops the vCPU where it is. */
  pause(): Promise<void> {
    return step('pause', () => this.#life.guest.pause());
  }

  /** Lets it go on. */
  resume(): Promise<void> {
    return step('resume', () => this.#life.guest.resume());
  }

  /** Presses the reset button. */
  reset(): Promise<void> {
    return step('reset', () => this.#life.guest.reset());
  }

  /** Pulls the plug: the outcome is `stopped`. */
  powerOff(): Promise<void> {
    return step('power off', () => this.#life.guest.powerOff());
  }

  /** The drives as they are now. */
  drives(): Promise<readonly DriveState[]> {
    return this.#life.guest.drives();
  }

  /** Puts another image, a path, into a drive, or takes out (null) what is in it, by force. */
  changeMedium(drive: string, path: string | null): Promise<void> {
    return step(`change ${drive} to ${path}`, () => this.#life.guest.changeMedium(drive, path));
  }

  /** Makes a virtio disk another size, in bytes, and tells the guest. */
  resizeDrive(drive: string, size: number): Promise<void> {
    return step(`resize ${drive} to ${size} bytes`, () => this.#life.guest.resizeDrive(drive, size));
  }

  /** Presses a drive's eject button. False: the guest has locked its door. */
  eject(drive: string): Promise<boolean> {
    return step(`eject ${drive}`, () => this.#life.guest.eject(drive));
  }

  /** Carries out a command of the monitor (docs/monitor.md), such as `info registers`, and gives its answer. */
  monitor(command: string): Promise<string> {
    return step(`monitor: ${command}`, () => this.#life.guest.monitor(command));
  }

  /** Paths of the files in a shared folder, as the guest has them now. */
  listFolder(tag: string): Promise<string[]> {
    return this.#life.guest.listFolder(tag);
  }

  /** A file of a shared folder, as the guest has it now; null: there is none. */
  readFolder(tag: string, path: string): Promise<Buffer | null> {
    return this.#life.guest.readFolder(tag, path);
  }

  /** Times, instructions and exits so far (docs/cli.md, "The report"). */
  report(): Promise<VmReport> {
    return this.#life.guest.report();
  }

  /** Ends the machine and frees its memory. The fixture does so at the end of the test. */
  destroy(): Promise<void> {
    return this.#life.guest.destroy();
  }

  /** Shorthand of `serial.text`: the port that most guests have. */
  get serialText(): string {
    return this.#life.serial.text;
  }

  /** Shorthand of `serial.waitFor`. */
  waitForSerial(pattern: RegExp | string, options: WaitOptions = {}): Promise<RegExpExecArray> {
    return this.#life.serial.waitFor(pattern, options);
  }

  /** Shorthand of `serial.type`. */
  type(text: string): Promise<void> {
    return this.#life.serial.type(text);
  }

  /** Shorthand of `serial.send`. */
  send(data: Uint8Array | string): Promise<void> {
    return this.#life.serial.send(data);
  }

  /** Shorthand of `serial.press`. */
  press(key: string): Promise<void> {
    return this.#life.serial.press(key);
  }

  /** Shorthand of `screen.text`. */
  screenText(): Promise<string> {
    return this.#life.screen.text();
  }

  /** Shorthand of `screen.screenshot`. */
  screenshot(): Promise<Buffer | null> {
    return this.#life.screen.screenshot();
  }

  /** Shorthand of `screen.waitForText`. */
  waitForScreen(pattern: RegExp | string, options: WaitOptions = {}): Promise<string> {
    return this.#life.screen.waitForText(pattern, options);
  }

  async #boot(config: GuestConfig, options: BootOptions): Promise<void> {
    this.#booted = { config, options };
    const { keep, screen } = this.#source;
    const life = this.#life;
    life.plug(await life.guest.boot(config, { keep, screen: options.screen ?? screen }));
  }

  #newLife(): MachineLife {
    return new MachineLife(this.#source.create(), this.#waits);
  }

  async #describe(): Promise<string> {
    const { guest, serial, ports } = this.#life;
    const limit = wait(SCREEN_LIMIT_MS, '', { ref: false });
    const screen = await Promise.race([guest.screenText().catch(() => ''), limit]);
    const lines = screen.trimEnd().split('\n').slice(-SCREEN_LINES).join('\n');
    return [
      ...[serial, ...ports].flatMap(({ label, tail }, place) =>
        tail !== '' || place === 0 ? [`The guest's output (${label}) ends in:\n${tail || '(nothing)'}`] : [],
      ),
      ...(lines === '' ? [] : [`Its screen shows:\n${lines}`]),
    ].join('\n');
  }
}
