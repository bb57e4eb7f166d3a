import { VmError } from '../core/errors.ts';
import { keyboardLayout } from '../core/keyboard-layouts.ts';
import type { SerialStream, Vm, VmConfig, VmReport, VmState } from '../core/vm-api.ts';
import { bootOptions, consoleOf, likelyView, resolveImages, touchModeOf } from './attributes.ts';
import { copyDetails, pasteFromClipboard, typeIntoView } from './clipboard.ts';
import { h } from './dom.ts';
import type { VmConsoleEventMap } from './events.ts';
import { describeFailure, type Failure, isolationProblem, missingFeature, toVmError } from './failure.ts';
import { MachineInput } from './machine-input.ts';
import { Menu } from './menu.ts';
import { configFromText } from './options.ts';
import { PageWatch } from './page-watch.ts';
import { PopOut, type PopOutKind } from './pop-out.ts';
import type { ScreenInput, ScreenPanel } from './screen-panel.ts';
import { ScreenSwitch, type View, VIEWS } from './screen-switch.ts';
import { SerialHub } from './serial-hub.ts';
import { Session } from './session.ts';
import { menuGroups } from './settings.ts';
import { SharedClipboard } from './shared-clipboard.ts';
import { type SoundState, SpeakerOutput } from '../sound/speaker-output.ts';
import { Stage } from './stage.ts';
import { StatePanels } from './state-panels.ts';
import { StatsTimer } from './stats-timer.ts';
import { STYLES } from './styles.ts';
import { TerminalHolder } from './terminal-holder.ts';
import { Toolbar, type ToolbarAction } from './toolbar.ts';
import { performAction } from './toolbar-actions.ts';
import { TouchKeys } from './touch-keys.ts';

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
    ...['label', 'arch', 'autostart', 'muted', 'scaling', 'follow-size'],
    ...['view', 'zoom', 'touch', 'console', 'theme', 'toolbar'],
  ];

  readonly #serial = new SerialHub();
  readonly #toolbar = new Toolbar(
    (action) => void this.#act(action),
    (volume) => {
      this.volume = volume;
      if (this.muted) this.muted = false;
    },
  );
  readonly #sound = new SpeakerOutput(() => this.#toolbar.showSound(this.#sound));
  readonly #stage = new Stage();
  readonly #keys = new TouchKeys(
    (text) => this.#typed(text, true),
    () => this.#terminal.view,
    () =>
      this.#screen.target === 'screen' && this.vm
        ? { input: this.vm.input, layout: keyboardLayout(this.getAttribute('keyboard')) }
        : null,
  );
  readonly #clipboard = new SharedClipboard(() => this.vm, this.#stage);
  readonly #input = new MachineInput(
    () => this.vm,
    { leave: () => this.#toolbar.focus(), paste: () => void this.#pasteByHand() },
    this.#clipboard,
  );
  readonly #screen = new ScreenSwitch(this.#stage, this.#toolbar, this.#input);
  readonly #terminal = new TerminalHolder(this, this.#stage.host, {
    input: (data) => this.#typed(data),
    leave: () => this.#toolbar.focus(),
  });
  readonly #panels = new StatePanels(this.#stage, {
    start: () => this.#startByHand(),
    cancel: () => void this.powerOff(),
    copy: (failure) => copyDetails(failure, this, this.#stage),
  });
  readonly #menu = new Menu(this.#toolbar.menuButton, 'More', () =>
    menuGroups(this, {
      keys: this.#keys.shown,
      toggleKeys: () => this.#keys.toggle(),
      popOut: (kind) => void this.popOut(kind).catch((error: unknown) => this.#hint(error)),
    }),
  );
  readonly #frame = h(
    'div',
    { class: 'frame', part: 'frame', role: 'group' },
    this.#toolbar.element,
    this.#menu.element,
    this.#stage.banners,
    this.#panels.network.element,
    this.#stage.element,
    this.#stage.typing,
    this.#stage.footer,
    this.#keys.element,
  );
  readonly #popOut = new PopOut(this, this.#frame, () => {
    this.screen?.moved();
    this.#terminal.view?.moved();
  });
  readonly #internals = this.attachInternals();
  readonly #page = new PageWatch({
    keep: () => void this.#session?.vm?.flushDrives(),
    restyle: () => this.#terminal.restyle(),
  });
  readonly #stats = new StatsTimer(
    () => this.report,
    (text) => this.#toolbar.showStats(text),
  );
  #config: Partial<VmConfig> = {};
  #session: Session | null = null;
  #started: Promise<void> | null = null;
  /** Settles when the machine before this one is gone. */
  #freed: Promise<unknown> = Promise.resolve();
  #failure: Failure | null = null;
  #focusWhenRunning = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = h('style', {});
    style.textContent = STYLES;
    root.append(style, this.#frame);
    this.#serial.onData((bytes) => this.#terminal.view?.write(bytes));
    this.#stage.element.addEventListener('click', ({ target }) => {
      if (target === this.#stage.element || target === this.#stage.host) this.focus();
    });
  }

  /** @internal */
  connectedCallback(): void {
    // A property that was set before the element was defined hides the accessor of the class.
    if (Object.hasOwn(this, 'config')) {
      const { config } = this;
      Reflect.deleteProperty(this, 'config');
      this.config = config;
    }
    if (!this.#session) this.#showState('created');
    this.#sound.muted = this.muted;
    this.#toolbar.showSound(this.#sound);
    for (const name of ['view', 'touch']) this.attributeChangedCallback(name);
    this.#page.begin();
    this.#autostart();
  }

  /** @internal */
  disconnectedCallback(): void {
    // A move takes the element out and puts it back within one task; only a real removal ends the machine.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#page.end();
      this.#popOut.close();
      void this.destroy();
    });
  }

  /** @internal */
  attributeChangedCallback(name: string): void {
    if (!this.isConnected) return;
    const value = this.getAttribute(name);
    this.#popOut.mirror(name, value);
    const changes: Readonly<Record<string, () => void>> = {
      muted: () => Object.assign(this.#sound, { muted: this.muted }),
      autostart: () => this.#autostart(),
      scaling: () => this.#screen.scale(value),
      zoom: () => this.#screen.zoom(value),
      view: () => this.#screen.choose(VIEWS.find((known) => known === value)),
      'follow-size': () => this.#screen.follow(value),
      touch: () => Object.assign(this.#input, { touchMode: touchModeOf(this) }),
      console: () => this.#chooseConsole(),
      theme: () => this.#terminal.restyle(),
    };
    (changes[name] ?? (() => this.#showState(this.state)))();
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
    if (this.isConnected) this.#showState(this.state);
  }

  /** Changes some options of the next start() and leaves the others as they are. */
  configure(config: Partial<VmConfig>): void {
    this.config = { ...this.#config, ...config };
  }

  /** What the machine does; `created` before the first start. */
  get state(): VmState {
    return this.#session?.state ?? 'created';
  }

  /** The machine's figures of now, or null before the first instruction. */
  get report(): VmReport | null {
    return this.#session?.report() ?? null;
  }

  /** Why the machine failed, or null. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** The machine of the moment. It is replaced by every start(). */
  get vm(): Vm | null {
    return this.#session?.vm ?? null;
  }

  /** The guest's first serial port. It stays the same over restarts. */
  get serial(): SerialStream {
    return this.#serial;
  }

  /** The terminal's size in characters, or null before the first start. */
  get terminalSize(): { columns: number; rows: number } | null {
    const { view } = this.#terminal;
    return view && { columns: view.columns, rows: view.rows };
  }

  /**
   * Builds the machine and starts it; a machine that has ended is replaced, a paused one resumed.
   * @throws VmError also shown in the element and sent as `vm-error`
   */
  start(): Promise<void> {
    const { state } = this;
    if (this.#started && (state === 'loading' || state === 'running')) return this.#started;
    if (state === 'paused') return this.resume();
    this.#started = this.#startNew();
    return this.#started;
  }

  /** @throws VmError bad-config, as the next ones, if there is no machine */
  async pause(): Promise<void> {
    await this.#machine('pause').pause();
  }

  /** Goes on after pause(), or after a drive's failure has paused it. */
  async resume(): Promise<void> {
    await this.#machine('resume').resume();
  }

  /** The machine's reset button: the images stay loaded, the screen is cleared. */
  async reset(): Promise<void> {
    const vm = this.#machine('reset');
    this.#stage.closeBanners();
    await vm.reset();
    this.#terminal.view?.reset();
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
    const session = this.#session;
    this.#session = null;
    this.#started = null;
    this.#failure = null;
    this.#stats.stop();
    if (session) this.#freed = session.destroy();
    this.#panels.clear();
    if (!this.isConnected) {
      this.#screen.drop();
      this.#terminal.drop();
      this.#sound.dispose();
    }
    this.#showState('created');
    if (session) this.#emit('vm-state', 'created');
    await this.#freed;
  }

  /** Types text on the guest's console, as it is: end a command with `\r`, as the Enter key does. */
  sendText(text: string): void {
    this.#machine('sendText').serial.write(text);
  }

  /**
   * Types text at what is looked at: on the keyboard of the machine's screen, with its progress, or into the terminal. A line ends in `\n`.
   */
  async type(text: string): Promise<void> {
    await typeIntoView(this, this.#stage, this.#screen.target, text);
  }

  /** Sends bytes to the guest's console. */
  sendBytes(bytes: Uint8Array): void {
    this.#machine('sendBytes').serial.write(bytes);
  }

  /** The terminal's screen as text, one line per row; with `scrollback` also the lines above it. */
  screenshotText(options: { scrollback?: boolean } = {}): string {
    return this.#terminal.view?.text(options.scrollback) ?? '';
  }

  /** A small picture of the terminal, of so many pixels, its characters in their colours; null if there is nothing on it. */
  terminalPicture(width: number, height: number): OffscreenCanvas | null {
    return this.#terminal.view?.picture(width, height) ?? null;
  }

  /**
   * Tells the guest the terminal's size the only way a serial line knows: by typing `stty rows R cols C`, so a shell must
   * be waiting for a command.
   */
  sendTerminalSize(): void {
    const size = this.terminalSize;
    if (size) this.sendText(`stty rows ${size.rows} cols ${size.columns}\r`);
  }

  /** Gives the keyboard to the screen or the terminal, as the view says; before the first start to the toolbar. */
  override focus(): void {
    const { panel, target } = this.#screen;
    const terminal = this.#terminal.view;
    if (target === 'screen' && panel) panel.focus();
    else if (terminal && this.state !== 'error') terminal.focus();
    else this.#toolbar.focus();
  }

  #machine(method: string): Vm {
    const { vm } = this;
    if (!vm) throw new VmError('bad-config', `${method}(): there is no machine; call start() first.`);
    return vm;
  }

  #autostart(): void {
    if (!this.hasAttribute('autostart')) return;
    // After this task, so that a script can still set `config` on an element it has just inserted.
    queueMicrotask(() => {
      if (this.isConnected && this.hasAttribute('autostart') && !this.#session) this.start().catch(() => {});
    });
  }

  async #startNew(): Promise<void> {
    const old = this.#session;
    this.#failure = null;
    this.#panels.clear();
    const session = new Session(
      {
        state: (state) => this.#session === session && this.#enter(state),
        progress: (progress) => {
          this.#panels.progress(progress);
          this.#emit('vm-progress', progress);
        },
        exit: (end) => {
          this.#terminal.view?.hideCursor();
          this.#panels.exit(end, this.report);
          this.#emit('vm-exit', end);
        },
        panic: (panic) => {
          this.#panels.panic(panic);
          this.#emit('vm-panic', panic);
        },
        ioerror: (failed) => {
          this.#panels.ioError(failed);
          this.#emit('vm-ioerror', failed);
        },
        stream: (stream) => {
          this.#panels.network.update(stream);
          this.#emit('vm-stream', stream);
        },
        error: (error) => this.#onError(error),
      },
      (vm) => {
        this.#serial.attach(vm?.serial ?? null);
        this.#screen.panel?.show(vm?.screen ?? null);
        this.#sound.attach(vm);
        this.#clipboard.attach(vm);
      },
    );
    this.#session = session;
    if (old) this.#freed = old.destroy();
    await session.start(() => this.#build(session));
  }

  async #build(session: Session): Promise<Vm | null> {
    const missing = missingFeature(globalThis, await isolationProblem(globalThis));
    if (missing) throw missing;
    const config = this.config;
    if (!config.arch) {
      throw new VmError(
        'bad-config',
        'No architecture is given. Set the attribute arch, for example arch="riscv64".',
      );
    }
    this.#terminal.view?.reset();
    const [{ bootVm }] = await Promise.all([
      import('./boot.ts').catch((cause) => {
        throw new VmError('not-found', 'A part of this page could not be loaded. Check your connection.', {
          cause,
        });
      }),
      this.#terminal.load(),
      // Two machines' memories at once may be more than the browser grants.
      this.#freed,
    ]);
    if (this.#session !== session) return null;
    const { firmware, options } = bootOptions(this);
    const vm = bootVm(resolveImages(config as VmConfig), firmware, options);
    if (vm.screen) await this.#screen.load(this);
    else this.#screen.drop();
    this.#chooseConsole(vm);
    this.#screen.showLikely(vm.screen ? likelyView(config) : null);
    return vm;
  }

  /** What is looked at: the machine's screen, its serial console, or both side by side. */
  get view(): View {
    return this.#screen.view;
  }

  set view(view: View) {
    this.#screen.choose(view);
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
    return this.#popOut.isOpen;
  }

  /**
   * Shows the machine in a window of its own, or, where the browser has them, in a small one that stays on top. In the handler of a click or key, as browsers
   * ask. Slotted elements stay in the page.
   * @throws VmError unsupported, if the browser gives no window
   */
  async popOut(kind: PopOutKind = 'window'): Promise<void> {
    await this.#popOut.open(kind, this.#label || 'Machine');
    this.focus();
  }

  /** Brings it back into the page, as closing the window does. */
  popIn(): void {
    this.#popOut.close();
  }

  /** Where keys and pointer go while the screen has the focus. */
  get screenInput(): ScreenInput | null {
    return this.#screen.input;
  }

  set screenInput(input: ScreenInput | null) {
    this.#screen.input = input;
  }

  /** The screen's part of the element, or null if the machine has none. */
  get screen(): ScreenPanel | null {
    return this.#screen.panel;
  }

  /** The machine is not heard, and its sound costs nothing. It is the attribute `muted`. */
  get muted(): boolean {
    return this.hasAttribute('muted');
  }

  set muted(muted: boolean) {
    this.toggleAttribute('muted', muted);
    this.#sound.muted = muted;
  }

  /** How loud the machine is, 0 to 1. Default 0.5. */
  get volume(): number {
    return this.#sound.volume;
  }

  set volume(volume: number) {
    this.#sound.volume = volume;
  }

  /** What is to be heard of the machine; `blocked` while the browser waits for a click or a key on the page. */
  get soundState(): SoundState {
    return this.#sound.state;
  }

  /** The end of the machine's sound, for pages that record or change it; null until something was heard. */
  get audioNode(): AudioNode | null {
    return this.#sound.node;
  }

  /**
   * The screen as a PNG file, in the guest's own pixels.
   * @throws VmError if the machine has no screen
   */
  async screenshot(): Promise<Blob> {
    if (!this.screen) throw new VmError('bad-config', 'screenshot(): this machine has no screen.');
    return this.screen.screenshot();
  }

  #chooseConsole(vm: Vm | null = this.vm): void {
    const number = consoleOf(this);
    if (vm?.screen && number !== null) vm.screen.console = number;
  }

  /** @param plain it comes from the row of keys, which has seen to the modifiers */
  #typed(data: string | Uint8Array, plain = false): void {
    if (this.state !== 'running') return;
    this.#serial.write(typeof data === 'string' && !plain ? this.#keys.apply(data) : data);
  }

  #enter(state: VmState): void {
    this.#showState(state);
    if (state === 'running') {
      this.#stats.start();
      if (this.#focusWhenRunning) this.focus();
      this.#focusWhenRunning = false;
    } else {
      this.#stats.stop();
    }
    this.#emit('vm-state', state);
  }

  #onError(error: VmError): void {
    this.#failure = describeFailure(error);
    this.#panels.failure(this.#failure);
    this.#emit('vm-error', this.#failure);
  }

  get #label(): string {
    return this.getAttribute('label') ?? this.getAttribute('arch') ?? this.#config.arch ?? '';
  }

  #showState(state: VmState): void {
    const label = this.#label;
    for (const known of STATES) {
      if (known === state) this.#internals.states.add(known);
      else this.#internals.states.delete(known);
    }
    this.#frame.ariaLabel = label ? `Machine: ${label}` : 'Machine';
    this.#frame.dataset.state = state;
    this.#toolbar.update(state, label);
    this.#panels.show(state, label);
  }

  #startByHand(): void {
    this.#focusWhenRunning = true;
    this.start().catch(() => {});
  }

  async #act(action: ToolbarAction): Promise<void> {
    try {
      await performAction(action, this, {
        start: () => this.#startByHand(),
        paste: () => this.#pasteByHand(),
        nextScaling: () => this.#screen.nextScaling(),
        menu: () => this.#menu.toggle(),
        host: () => this.#popOut.host,
      });
    } catch (error) {
      this.#hint(error);
    }
  }

  #hint(error: unknown): void {
    this.#stage.showBanner('hint', toVmError(error).message);
  }

  #pasteByHand(): Promise<void> {
    return pasteFromClipboard(
      this,
      this.#stage,
      this.#screen.target,
      () => this.#terminal.view,
      (text) => this.#clipboard.offer(text),
    );
  }

  #emit<K extends keyof VmConsoleEventMap>(type: K, detail: VmConsoleEventMap[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'vm-console': VmConsole;
  }
}
