import { VmError } from '../core/errors.ts';
import type { SerialStream, Vm, VmConfig, VmReport, VmState } from '../core/vm-api.ts';
import { chooseConsole, consoleOf, touchModeOf } from './attributes.ts';
import { typeIntoView } from './clipboard.ts';
import { ConsoleParts } from './console-parts.ts';
import { h } from './dom.ts';
import type { Emit } from './events.ts';
import type { Failure } from './failure.ts';
import { Machines } from './machines.ts';
import { configFromText } from './options.ts';
import type { PopOutKind } from './pop-out.ts';
import type { ScreenInput, ScreenPanel } from './screen-panel.ts';
import { type View, VIEWS } from './screen-switch.ts';
import type { SoundState } from '../sound/speaker-output.ts';
import { STYLES } from './styles.ts';
import type { TextWaitOptions } from './text-waits.ts';

/** The states that a style sheet can ask for: `vm-console:state(running)`. */
const STATES: readonly VmState[] = ['created', 'loading', 'running', 'paused', 'stopped', 'error'];

/**
 * `<vm-console>`: a machine and its terminal. docs/vm-console.md is the reference.
 *
 * Its attributes configure the machine that the next start() builds. It owns at most one machine at a time, and frees
 * its worker and memory when the element leaves the document (a move within it is no leave).
 */
export class VmConsole extends HTMLElement {
  /** @internal */
  static readonly observedAttributes = [
    ...['label', 'arch', 'keyboard', 'autostart', 'muted', 'scaling', 'follow-size'],
    ...['view', 'zoom', 'touch', 'console', 'theme', 'toolbar', 'screen-reader', 'readonly'],
  ];

  readonly #emit: Emit = (type, detail) =>
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  readonly #parts = new ConsoleParts(this, this.#emit);
  readonly #machines = new Machines(this, this.#parts, this.#emit, () => this.#showState());
  readonly #internals = this.attachInternals();
  #config: Partial<VmConfig> = {};

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = h('style', {});
    style.textContent = STYLES;
    root.append(style, this.#parts.frame);
  }

  /** @internal */
  connectedCallback(): void {
    // A property that was set before the element was defined hides the accessor of the class.
    if (Object.hasOwn(this, 'config')) {
      const { config } = this;
      Reflect.deleteProperty(this, 'config');
      this.config = config;
    }
    const { sound, toolbar, page } = this.#parts;
    if (!this.#machines.any) this.#showState();
    sound.muted = this.muted;
    toolbar.showSound(sound);
    for (const name of ['view', 'touch', 'keyboard']) this.attributeChangedCallback(name);
    page.begin();
    this.#autostart();
  }

  /** @internal */
  disconnectedCallback(): void {
    // A move takes the element out and puts it back within one task; only a real removal ends the machine.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#parts.page.end();
      this.#parts.popOut.close();
      void this.destroy();
    });
  }

  /** @internal */
  attributeChangedCallback(name: string): void {
    if (!this.isConnected) return;
    const value = this.getAttribute(name);
    const { popOut, sound, screen, terminal, input } = this.#parts;
    popOut.mirror(name, value);
    const changes: Readonly<Record<string, () => void>> = {
      muted: () => Object.assign(sound, { muted: this.muted }),
      autostart: () => this.#autostart(),
      scaling: () => screen.scale(value),
      zoom: () => screen.zoom(value),
      view: () => screen.choose(VIEWS.find((known) => known === value)),
      'follow-size': () => screen.follow(value),
      touch: () => Object.assign(input, { touchMode: touchModeOf(this) }),
      keyboard: () => Object.assign(input, { layout: value }),
      console: () => chooseConsole(this, this.vm),
      theme: () => terminal.restyle(),
      'screen-reader': () => terminal.speak(value !== null),
      readonly: () => {
        this.vm?.input.releaseKeys();
        this.#showState();
      },
    };
    (changes[name] ?? (() => this.#showState()))();
  }

  /** What start() will build: the attributes, overlaid with what was set here or by configure(). */
  get config(): Partial<VmConfig> {
    return {
      ...configFromText(
        (option) => this.getAttribute(option.attribute),
        (option) => `Attribute ${option.attribute}`,
      ),
      ...this.#config,
    };
  }

  /** Replaces what was set before. Use it for images that are Blobs or bytes, which no attribute can hold. */
  set config(config: Partial<VmConfig> | null) {
    this.#config = { ...config };
    if (this.isConnected) this.#showState();
  }

  /** Changes some options of the next start() and leaves the others as they are. */
  configure(config: Partial<VmConfig>): void {
    this.config = { ...this.#config, ...config };
  }

  /** What the machine does; `created` before the first start. */
  get state(): VmState {
    return this.#machines.state;
  }

  /** The machine's figures of now, or null before the first instruction. */
  get report(): VmReport | null {
    return this.#machines.report;
  }

  /** Why the machine failed, or null. */
  get failure(): Failure | null {
    return this.#machines.failure;
  }

  /** The machine of the moment. It is replaced by every start(). */
  get vm(): Vm | null {
    return this.#machines.vm;
  }

  /** The guest's first serial port. It stays the same over restarts. */
  get serial(): SerialStream {
    return this.#parts.serial;
  }

  /** The terminal's size in characters, or null before the first start. */
  get terminalSize(): { columns: number; rows: number } | null {
    const { view } = this.#parts.terminal;
    return view && { columns: view.columns, rows: view.rows };
  }

  /**
   * Builds the machine and starts it; a machine that has ended is replaced, a paused one resumed. A start that a person gives up resolves, too: `state` tells.
   * @param options.signal gives the start up while it loads
   * @throws VmError also shown in the element and sent as `vm-error`; the signal's reason, which is not
   */
  async start({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    const giveUp = (): void => void this.powerOff();
    signal?.addEventListener('abort', giveUp);
    try {
      await this.#machines.start();
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    signal?.throwIfAborted();
  }

  /** @throws VmError bad-config, as the next ones, if there is no machine */
  async pause(): Promise<void> {
    await this.#machines.need('pause').pause();
  }

  /** Goes on after pause(), or after a drive's failure has paused it. */
  async resume(): Promise<void> {
    await this.#machines.need('resume').resume();
  }

  /** The machine's reset button: the images stay loaded, the screen is cleared. */
  async reset(): Promise<void> {
    const vm = this.#machines.need('reset');
    this.#parts.stage.closeBanners();
    await vm.reset();
    this.#parts.terminal.view?.reset();
    if (vm.state === 'paused') await vm.resume();
  }

  /** Pulls the plug. While the machine is still loading, gives the start up. */
  async powerOff(): Promise<void> {
    if (this.state === 'loading') {
      await this.destroy();
      return;
    }
    await this.vm?.powerOff();
  }

  /** Ends the machine and frees its worker and memory. The element can be started again. */
  async destroy(): Promise<void> {
    await this.#machines.destroy();
  }

  /** Types text on the guest's console, as it is: end a command with `\r`, as the Enter key does. */
  sendText(text: string): void {
    this.#machines.need('sendText').serial.write(text);
  }

  /**
   * Types text at what is looked at: on the keyboard of the machine's screen, with its progress, or into the terminal. A line ends in `\n`. Gives the characters that the
   * layout `keyboard` has no key for; `done` is false if it was ended by the signal or a person, or the guest reads no keys.
   */
  async type(
    text: string,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<{ missing: string[]; done: boolean }> {
    return await typeIntoView(this, this.#parts.stage, this.#parts.screen.target, text, signal);
  }

  /**
   * Waits until the guest has written a text: on its serial port, where each wait searches after the match of the one before, or on its machine's screen while that has
   * a text mode. Default: what is looked at. Gives the match.
   * @throws VmError if there is no machine; Error, with what is seen, when the time is over or the machine has ended; the signal's reason
   */
  async waitForText(pattern: RegExp | string, options: TextWaitOptions = {}): Promise<RegExpExecArray> {
    if (this.state === 'created') this.#machines.need('waitForText');
    return await this.#parts.texts.wait(pattern, options.on ?? this.#parts.screen.target, options);
  }

  /** Sends bytes to the guest's console. */
  sendBytes(bytes: Uint8Array): void {
    this.#machines.need('sendBytes').serial.write(bytes);
  }

  /** The terminal's screen as text, one line per row; with `scrollback` also the lines above it. */
  screenshotText(options: { scrollback?: boolean } = {}): string {
    return this.#parts.terminal.view?.text(options.scrollback) ?? '';
  }

  /** A small picture of the terminal, of so many pixels, its characters in their colours; null if there is nothing on it. */
  terminalPicture(width: number, height: number): OffscreenCanvas | null {
    return this.#parts.terminal.view?.picture(width, height) ?? null;
  }

  /**
   * Tells the guest the terminal's size the only way a serial line knows: by typing `stty rows R cols C`, so a shell must
   * be waiting for a command.
   */
  sendTerminalSize(): void {
    const size = this.terminalSize;
    if (size) this.sendText(`stty rows ${size.rows} cols ${size.columns}\r`);
  }

  /** Gives the keyboard to the screen or the terminal, as the view says; before the first start, and after a failure, to the toolbar. */
  override focus(): void {
    const { panel, target } = this.#parts.screen;
    const terminal = this.#parts.terminal.view;
    if (target === 'screen' && panel) panel.focus();
    else if (terminal && this.state !== 'error') terminal.focus();
    else if (!this.#parts.toolbar.focus()) this.#parts.stage.focusPanel();
  }

  #autostart(): void {
    if (!this.hasAttribute('autostart')) return;
    // After this task, so that a script can still set `config` on an element it has just inserted.
    queueMicrotask(() => {
      if (this.isConnected && this.hasAttribute('autostart') && !this.#machines.any)
        this.start().catch(() => {});
    });
  }

  /** What is looked at: the machine's screen, its serial console, or both side by side. A choice is the attribute `view`. */
  get view(): View {
    return this.#parts.screen.view;
  }

  set view(view: View) {
    if (VIEWS.includes(view)) this.setAttribute('view', view);
  }

  /** Number of the screen that is looked at, of a machine with several (`vm.screen.consoles`), from 0. Setting it lasts over restarts. */
  get console(): number {
    return this.vm?.screen?.console ?? consoleOf(this) ?? 0;
  }

  set console(number: number) {
    this.setAttribute('console', String(number));
  }

  /** Whether the machine is shown in a window of its own. */
  get poppedOut(): boolean {
    return this.#parts.popOut.isOpen;
  }

  /**
   * Shows the machine in a window of its own, or, where the browser has them, in a small one that stays on top. In the handler of a click or key, as browsers
   * ask. Slotted elements stay in the page.
   * @throws VmError unsupported, if the browser gives no window
   */
  async popOut(kind: PopOutKind = 'window'): Promise<void> {
    await this.#parts.popOut.open(kind, this.#label || 'Machine');
    this.focus();
  }

  /** Brings it back into the page, as closing the window does. */
  popIn(): void {
    this.#parts.popOut.close();
  }

  /** The machine is looked at only: what a person types, points at or pastes does not reach it. It is the attribute `readonly`. */
  get readOnly(): boolean {
    return this.hasAttribute('readonly');
  }

  set readOnly(readOnly: boolean) {
    this.toggleAttribute('readonly', readOnly);
  }

  /** Where keys and pointer go while the screen has the focus. */
  get screenInput(): ScreenInput | null {
    return this.#parts.screen.input;
  }

  set screenInput(input: ScreenInput | null) {
    this.#parts.screen.input = input;
  }

  /** The screen's part of the element, or null if the machine has none. */
  get screen(): ScreenPanel | null {
    return this.#parts.screen.panel;
  }

  /** The machine is not heard, and its sound costs nothing. It is the attribute `muted`. */
  get muted(): boolean {
    return this.hasAttribute('muted');
  }

  set muted(muted: boolean) {
    this.toggleAttribute('muted', muted);
    this.#parts.sound.muted = muted;
  }

  /** How loud the machine is, 0 to 1. Default 0.5. */
  get volume(): number {
    return this.#parts.sound.volume;
  }

  set volume(volume: number) {
    this.#parts.sound.volume = volume;
  }

  /** What is to be heard of the machine; `blocked` while the browser waits for a click or a key on the page. */
  get soundState(): SoundState {
    return this.#parts.sound.state;
  }

  /** The end of the machine's sound, for pages that record or change it; null until something was heard. */
  get audioNode(): AudioNode | null {
    return this.#parts.sound.node;
  }

  /**
   * The screen as a PNG file, in the guest's own pixels.
   * @throws VmError if the machine has no screen
   */
  async screenshot(): Promise<Blob> {
    if (!this.screen) throw new VmError('bad-config', 'screenshot(): this machine has no screen.');
    return this.screen.screenshot();
  }

  get #label(): string {
    return this.getAttribute('label') ?? this.getAttribute('arch') ?? this.#config.arch ?? '';
  }

  #showState(): void {
    const { state } = this;
    for (const known of STATES) {
      if (known === state) this.#internals.states.add(known);
      else this.#internals.states.delete(known);
    }
    this.#parts.showState(state, this.#label);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'vm-console': VmConsole;
  }
}
