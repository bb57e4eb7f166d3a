import { VmError } from '../core/errors.ts';
import { keyboardLayout } from '../core/keyboard-layouts.ts';
import type {
  DriveFailure,
  SerialStream,
  Vm,
  VmConfig,
  VmEvents,
  VmOutcome,
  VmReport,
  VmState,
} from '../core/vm-api.ts';
import { absoluteUrl, likelyView, resolveImages, terminalSettings } from './attributes.ts';
import { copyDetails, pasteFromClipboard, typeIntoView } from './clipboard.ts';
import { h } from './dom.ts';
import type { VmConsoleEventMap } from './events.ts';
import { describeFailure, type Failure, isolationProblem, missingFeature, toVmError } from './failure.ts';
import { NetworkLine } from './network-line.ts';
import { MachineInput } from './machine-input.ts';
import { configFromText } from './options.ts';
import { endPanel, failurePanel, ProgressPanel, ioErrorText, panicText, startPanel } from './panels.ts';
import type { ScreenInput, ScreenPanel } from './screen-panel.ts';
import { ScreenSwitch } from './screen-switch.ts';
import { SerialHub } from './serial-hub.ts';
import { Session } from './session.ts';
import { SharedClipboard } from './shared-clipboard.ts';
import { type SoundState, SpeakerOutput } from '../sound/speaker-output.ts';
import { Stage } from './stage.ts';
import { StatsTimer } from './stats-timer.ts';
import { STYLES } from './styles.ts';
import type { TerminalView } from './terminal.ts';
import { Toolbar, type ToolbarAction, type View } from './toolbar.ts';
import { performAction } from './toolbar-actions.ts';
import { TouchKeys } from './touch-keys.ts';

/**
 * `<vm-console>`: a machine and its terminal. docs/vm-console.md is the reference.
 *
 * Its attributes configure the machine that the next start() builds. It owns at most one machine at a time, and frees
 * its worker and memory when the element leaves the document (a move within it is no leave).
 */
export class VmConsole extends HTMLElement {
  static readonly observedAttributes = ['label', 'arch', 'autostart', 'muted', 'scaling', 'follow-size'];

  readonly #serial = new SerialHub();
  readonly #toolbar = new Toolbar(
    (action) => void this.#act(action),
    (volume) => {
      this.volume = volume;
      if (this.muted) this.muted = false;
    },
  );
  readonly #sound = new SpeakerOutput(() => this.#showSound());
  readonly #keys = new TouchKeys(
    (text) => this.#typed(text),
    () => this.#terminal,
    () =>
      this.view === 'screen' && this.vm
        ? { input: this.vm.input, layout: keyboardLayout(this.getAttribute('keyboard')) }
        : null,
  );
  readonly #stage = new Stage();
  readonly #clipboard = new SharedClipboard(() => this.vm, this.#stage);
  readonly #screen = new ScreenSwitch(
    this.#stage,
    this.#toolbar,
    new MachineInput(
      () => this.vm,
      { leave: () => this.#toolbar.focus(), paste: () => void this.#pasteByHand() },
      this.#clipboard,
    ),
  );
  readonly #stats = new StatsTimer(
    () => this.report,
    (text) => this.#toolbar.showStats(text),
  );
  #config: Partial<VmConfig> = {};
  #session: Session | null = null;
  #started: Promise<void> | null = null;
  /** Settles when the machine before this one is gone. */
  #freed: Promise<unknown> = Promise.resolve();
  #terminal: TerminalView | null = null;
  #terminalLoading: Promise<TerminalView | null> | null = null;
  #progress: ProgressPanel | null = null;
  #failure: Failure | null = null;
  #focusWhenRunning = false;
  readonly #network = new NetworkLine();
  /** A drive's failure has paused the machine. */
  #stopped = false;

  /** A page that is not looked at may be gone any moment: what its disks hold back is stored. */
  readonly #keepDisks = ({ type }: Event): void => {
    if (type === 'pagehide' || document.visibilityState === 'hidden') void this.#session?.vm?.flushDrives();
  };

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = h('style', {});
    style.textContent = STYLES;
    root.append(
      style,
      h(
        'div',
        { class: 'frame', part: 'frame' },
        this.#toolbar.element,
        this.#stage.banners,
        this.#network.element,
        this.#stage.element,
        this.#stage.typing,
        this.#stage.footer,
        this.#keys.element,
      ),
    );
    this.#serial.onData((bytes) => this.#show(bytes));
    this.#stage.element.addEventListener('click', ({ target }) => {
      if (target === this.#stage.element || target === this.#stage.host) this.focus();
    });
  }

  connectedCallback(): void {
    // A property that was set before the element was defined hides the accessor of the class.
    if (Object.hasOwn(this, 'config')) {
      const { config } = this;
      Reflect.deleteProperty(this, 'config');
      this.config = config;
    }
    if (!this.#session) this.#showState('created');
    this.#sound.muted = this.muted;
    this.#showSound();
    document.addEventListener('visibilitychange', this.#keepDisks);
    window.addEventListener('pagehide', this.#keepDisks);
    this.#autostart();
  }

  disconnectedCallback(): void {
    // A move takes the element out and puts it back within one task; only a real removal ends the machine.
    queueMicrotask(() => {
      if (this.isConnected) return;
      document.removeEventListener('visibilitychange', this.#keepDisks);
      window.removeEventListener('pagehide', this.#keepDisks);
      void this.destroy();
    });
  }

  attributeChangedCallback(name: string): void {
    if (!this.isConnected) return;
    if (name === 'muted') this.#sound.muted = this.muted;
    if (name === 'autostart') this.#autostart();
    else if (name === 'scaling') this.#screen.scale(this.getAttribute(name));
    else if (name === 'follow-size') {
      if (this.screen) this.screen.follow = this.hasAttribute(name);
    } else this.#showState(this.state);
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
    return this.#terminal && { columns: this.#terminal.columns, rows: this.#terminal.rows };
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

  async pause(): Promise<void> {
    await this.#machine('pause').pause();
  }

  async resume(): Promise<void> {
    await this.#machine('resume').resume();
  }

  /** The machine's reset button: the images stay loaded, the screen is cleared. */
  async reset(): Promise<void> {
    const vm = this.#machine('reset');
    this.#stage.closeBanners();
    await vm.reset();
    this.#terminal?.reset();
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
    this.#network.clear();
    if (!this.isConnected) {
      this.#dropTerminal();
      this.#sound.dispose();
    }
    this.#stage.closeBanners();
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
    await typeIntoView(this, this.#stage, text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.#machine('sendBytes').serial.write(bytes);
  }

  /** The terminal's screen as text, one line per row; with `scrollback` also the lines above it. */
  screenshotText(options: { scrollback?: boolean } = {}): string {
    return this.#terminal?.text(options.scrollback) ?? '';
  }

  /**
   * Tells the guest the terminal's size the only way a serial line knows: by typing `stty rows R cols C`, so a shell must
   * be waiting for a command.
   */
  sendTerminalSize(): void {
    const size = this.terminalSize;
    if (size) this.sendText(`stty rows ${size.rows} cols ${size.columns}\r`);
  }

  override focus(): void {
    const { panel, view } = this.#screen;
    if (view === 'screen' && panel) panel.focus();
    else if (this.#terminal && this.state !== 'error') this.#terminal.focus();
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
    this.#stage.closeBanners();
    this.#network.clear();
    this.#progress = null;
    const session = new Session(
      {
        state: (state) => this.#session === session && this.#enter(state),
        progress: (progress) => this.#onProgress(progress),
        exit: (end) => this.#onExit(end),
        panic: (panic) => this.#onPanic(panic),
        ioerror: (failed) => this.#onIoError(failed),
        stream: (stream) => {
          this.#network.update(stream);
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
    this.#terminal?.reset();
    const [{ bootVm }] = await Promise.all([
      import('./boot.ts').catch((cause) => {
        throw new VmError('not-found', 'A part of this page could not be loaded. Check your connection.', {
          cause,
        });
      }),
      this.#loadTerminal(),
      // Two machines' memories at once may be more than the browser grants.
      this.#freed,
    ]);
    if (this.#session !== session) return null;
    const firmware = this.getAttribute('firmware');
    const assets = this.getAttribute('assets');
    const vm = bootVm(resolveImages(config as VmConfig), firmware ? absoluteUrl(firmware) : undefined, {
      // A folder, with or without its slash.
      ...(assets && { assets: absoluteUrl(assets.replace(/\/?$/, '/')) }),
    });
    if (vm.screen) await this.#screen.load(this);
    else this.#screen.drop();
    this.#screen.showLikely(vm.screen ? likelyView(config) : null);
    return vm;
  }

  /** Loads xterm.js; null when the element left the document meanwhile. */
  #loadTerminal(): Promise<TerminalView | null> {
    this.#terminalLoading ??= import('./terminal.ts').then(
      ({ TerminalView }) => {
        if (!this.isConnected) return null;
        this.#terminal = new TerminalView(this.#stage.host, {
          ...terminalSettings(this),
          onInput: (data) => this.#typed(data),
          onResize: () => {},
          onLeave: () => this.#toolbar.focus(),
        });
        return this.#terminal;
      },
      (cause) => {
        this.#terminalLoading = null;
        throw new VmError('not-found', 'The terminal could not be loaded. Check your connection.', { cause });
      },
    );
    return this.#terminalLoading;
  }

  /** What is looked at: the machine's screen, or its serial console. */
  get view(): View {
    return this.#screen.view;
  }

  set view(view: View) {
    this.#screen.choose(view);
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

  #showSound(): void {
    const { state, volume } = this.#sound;
    const none = state === 'none' || state === 'failed';
    this.#toolbar.showSound(none ? null : { muted: state === 'muted', blocked: state === 'blocked', volume });
  }

  /**
   * The screen as a PNG file, in the guest's own pixels.
   * @throws VmError if the machine has no screen
   */
  async screenshot(): Promise<Blob> {
    if (!this.screen) throw new VmError('bad-config', 'screenshot(): this machine has no screen.');
    return this.screen.screenshot();
  }

  #dropTerminal(): void {
    this.#screen.drop();
    this.#terminal?.dispose();
    this.#terminal = null;
    this.#terminalLoading = null;
  }

  #show(bytes: Uint8Array): Promise<void> | void {
    return this.#terminal?.write(bytes);
  }

  #typed(data: string | Uint8Array): void {
    if (this.state !== 'running') return;
    this.#serial.write(typeof data === 'string' ? this.#keys.apply(data) : data);
  }

  #enter(state: VmState): void {
    this.#showState(state);
    if (state === 'running') {
      if (this.#stopped) this.#stage.closeBanners();
      this.#stopped = false;
      this.#stats.start();
      if (this.#focusWhenRunning) this.focus();
      this.#focusWhenRunning = false;
    } else {
      this.#stats.stop();
    }
    this.#emit('vm-state', state);
  }

  #onProgress(progress: VmEvents['progress']): void {
    this.#progress?.show(progress);
    this.#emit('vm-progress', progress);
  }

  #onExit(end: { outcome: VmOutcome; code: number }): void {
    this.#network.clear();
    this.#stage.cover(null);
    this.#terminal?.hideCursor();
    this.#stage.footer.replaceChildren(endPanel(end, this.report, () => this.#startByHand()));
    this.#emit('vm-exit', end);
  }

  #onPanic(panic: VmEvents['panic']): void {
    this.#stage.showBanner('panic', panicText(panic.message));
    this.#emit('vm-panic', panic);
  }

  #onIoError(failed: DriveFailure): void {
    const stopped = failed.action === 'stop';
    // Requests fail in numbers: one line says it.
    if (!this.#stopped) this.#stage.showBanner(stopped ? 'panic' : 'hint', ioErrorText(failed));
    this.#stopped ||= stopped;
    this.#emit('vm-ioerror', failed);
  }

  #onError(error: VmError): void {
    const failure = describeFailure(error);
    this.#failure = failure;
    this.#network.clear();
    const panel = failurePanel(failure, {
      onRetry: () => this.#startByHand(),
      onCopy: () => copyDetails(failure, this),
    });
    this.#stage.cover(panel, true);
    this.#emit('vm-error', failure);
  }

  /** Draws a state. Panels of the end and of failures come from their own events, which carry the reason. */
  #showState(state: VmState): void {
    const label = this.getAttribute('label') ?? this.getAttribute('arch') ?? this.#config.arch ?? '';
    this.#toolbar.update(state, label);
    this.#keys.element.classList.toggle('on', state === 'running');
    if (state === 'created') {
      this.#stage.cover(startPanel(label, () => this.#startByHand()));
    } else if (state === 'loading') {
      if (this.#progress) return;
      this.#progress = new ProgressPanel(label, () => void this.powerOff());
      this.#stage.cover(this.#progress.element, true);
    } else if (state === 'running') {
      this.#progress = null;
      this.#stage.cover(null);
    }
  }

  #startByHand(): void {
    this.#focusWhenRunning = true;
    this.start().catch(() => {});
  }

  async #act(action: ToolbarAction): Promise<void> {
    const button = this.shadowRoot!.activeElement;
    if (button?.getAttribute('aria-disabled') === 'true') return;
    try {
      await performAction(action, this, {
        start: () => this.#startByHand(),
        paste: () => this.#pasteByHand(),
        nextScaling: () => this.#screen.nextScaling(),
      });
    } catch (error) {
      this.#stage.showBanner('hint', toVmError(error).message);
    }
  }

  #pasteByHand(): Promise<void> {
    return pasteFromClipboard(
      this,
      this.#stage,
      () => this.#terminal,
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
