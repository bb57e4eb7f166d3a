/** What an element consists of, and how its parts are joined: toolbar, menu, stage, screen, terminal, keys, sound, window. */
import { keyboardLayout } from '../core/keyboard-layouts.ts';
import type { Vm, VmState } from '../core/vm-api.ts';
import { SpeakerOutput, type SoundState } from '../sound/speaker-output.ts';
import { copyDetails, pasteFromClipboard } from './clipboard.ts';
import { h, setText } from './dom.ts';
import type { Emit } from './events.ts';
import { toVmError } from './failure.ts';
import { takeDrops } from './file-drop.ts';
import { MachineInput } from './machine-input.ts';
import { Menu } from './menu.ts';
import { PageWatch } from './page-watch.ts';
import { PopOut } from './pop-out.ts';
import { ScreenSwitch } from './screen-switch.ts';
import { SerialHub } from './serial-hub.ts';
import { menuGroups } from './settings.ts';
import { SharedClipboard } from './shared-clipboard.ts';
import { Stage } from './stage.ts';
import { StatePanels } from './state-panels.ts';
import { StatsTimer } from './stats-timer.ts';
import { TerminalHolder } from './terminal-holder.ts';
import { TextWaits } from './text-waits.ts';
import { STATUS, Toolbar, type ToolbarAction } from './toolbar.ts';
import { performAction } from './toolbar-actions.ts';
import { TouchKeys } from './touch-keys.ts';
import type { VmConsole } from './vm-console.ts';

export class ConsoleParts {
  readonly serial = new SerialHub();
  readonly texts: TextWaits;
  readonly toolbar: Toolbar;
  readonly sound: SpeakerOutput;
  readonly stage = new Stage();
  readonly input: MachineInput;
  readonly screen: ScreenSwitch;
  readonly terminal: TerminalHolder;
  readonly panels: StatePanels;
  readonly popOut: PopOut;
  readonly page: PageWatch;
  /** All that is to be seen. */
  readonly frame: HTMLElement;
  readonly #owner: VmConsole;
  readonly #keys: TouchKeys;
  readonly #clipboard: SharedClipboard;
  readonly #menu: Menu;
  readonly #stats: StatsTimer;
  /** What screen readers are told of the machine, wherever its toolbar is. */
  readonly #spoken = h('div', { class: 'spoken', role: 'status' });
  #soundState: SoundState = 'none';
  #focusWhenRunning = false;

  /** @param owner is asked for what it shows; its public methods are what buttons and keys call */
  constructor(owner: VmConsole, emit: Emit) {
    this.#owner = owner;
    const { stage } = this;
    this.texts = new TextWaits(owner);
    const vm = (): Vm | null => owner.vm;
    /** The machine that keys and pointer reach. */
    const operable = (): Vm | null => (owner.readOnly ? null : owner.vm);
    const leave = (): void => this.#leave();
    this.toolbar = new Toolbar(
      (action) => void this.#act(action),
      (volume) => {
        owner.volume = volume;
        if (owner.muted) owner.muted = false;
      },
    );
    this.sound = new SpeakerOutput(() => {
      const { state } = this.sound;
      this.toolbar.showSound(this.sound);
      if (state !== this.#soundState) emit('vm-sound', state);
      this.#soundState = state;
    });
    this.#keys = new TouchKeys(
      (text) => this.#typed(text, true),
      () => this.terminal.view,
      () => {
        const machine = this.screen.target === 'screen' ? operable() : null;
        return machine && { input: machine.input, layout: keyboardLayout(owner.getAttribute('keyboard')) };
      },
    );
    this.#clipboard = new SharedClipboard(vm, stage);
    this.input = new MachineInput(operable, { leave, paste: () => void this.#paste() }, this.#clipboard);
    this.screen = new ScreenSwitch(stage, this.toolbar, this.input, (view) => emit('vm-view', view));
    this.terminal = new TerminalHolder(owner, stage.host, {
      input: (data) => this.#typed(data),
      leave,
      resize: (size) => emit('vm-terminal-size', size),
    });
    this.panels = new StatePanels(stage, {
      start: () => this.#start(),
      focus: () => owner.focus(),
      cancel: () => void owner.powerOff(),
      copy: (failure) => copyDetails(failure, owner, stage),
    });
    this.#menu = new Menu(this.toolbar.menuButton, 'More', () =>
      menuGroups(owner, {
        keys: this.#keys.shown,
        toggleKeys: () => this.#keys.toggle(),
        popOut: (kind) => void owner.popOut(kind).catch((error: unknown) => this.#hint(error)),
      }),
    );
    this.frame = h(
      'div',
      { class: 'frame', part: 'frame', role: 'group' },
      this.toolbar.element,
      this.#menu.element,
      stage.banners,
      this.panels.network.element,
      stage.element,
      stage.typing,
      stage.footer,
      this.#keys.element,
      this.#spoken,
    );
    takeDrops(this.frame, {
      vm,
      isOn: () => owner.getAttribute('file-drop') !== 'off',
      isReadOnly: () => owner.readOnly,
      tell: (detail) =>
        owner.dispatchEvent(
          new CustomEvent('vm-filedrop', { detail, bubbles: true, composed: true, cancelable: true }),
        ),
      say: (text) => stage.showBanner('hint', text),
    });
    this.popOut = new PopOut(owner, this.frame, () => {
      this.screen.panel?.moved();
      this.terminal.view?.moved();
      emit('vm-popout', this.popOut.isOpen);
    });
    this.page = new PageWatch({
      keep: () => void vm()?.flushDrives(),
      restyle: () => this.terminal.restyle(),
    });
    this.#stats = new StatsTimer(
      () => owner.report,
      (text) => this.toolbar.showStats(text),
    );
    this.serial.onData((bytes) => this.texts.take(bytes));
    this.serial.onData((bytes) => this.terminal.view?.write(bytes));
    stage.element.addEventListener('click', ({ target }) => {
      if (target === stage.element || target === stage.host) owner.focus();
    });
  }

  /** Connects another machine's serial port, screen, sound and clipboard, or none. */
  attach(vm: Vm | null): void {
    if (vm) this.texts.begin();
    this.serial.attach(vm?.serial ?? null);
    this.screen.panel?.show(vm?.screen ?? null);
    this.sound.attach(vm);
    this.#clipboard.attach(vm);
    this.input.attach(vm);
  }

  /** Gives up what costs something and shows nothing while the element is in no document. */
  drop(): void {
    this.screen.drop();
    this.terminal.drop();
    this.sound.dispose();
  }

  showState(state: VmState, label: string): void {
    this.frame.ariaLabel = label ? `Machine: ${label}` : 'Machine';
    this.frame.dataset.state = state;
    this.toolbar.update(state, label, this.#owner.readOnly);
    this.panels.show(state, label);
    // The panels of an end and of a failure speak for themselves.
    const ended = state === 'stopped' || state === 'error';
    setText(this.#spoken, ended ? '' : `${label || 'Machine'}: ${STATUS[state]}`);
  }

  /** The machine's state is another one, and is shown. Who has started it by hand gets the keyboard there. */
  entered(state: VmState): void {
    this.texts.look();
    if (state !== 'running') {
      this.#stats.stop();
      return;
    }
    this.#stats.start();
    if (this.#focusWhenRunning) this.#owner.focus();
    this.#focusWhenRunning = false;
  }

  /** Screen or terminal let go of the keyboard: for the toolbar or, where there is none, for what comes next on the page. */
  #leave(): void {
    const { activeElement } = this.frame.getRootNode() as ShadowRoot;
    if (!this.toolbar.focus()) (activeElement as HTMLElement | null)?.blur();
  }

  #start(): void {
    this.#focusWhenRunning = true;
    this.#owner.start().catch(() => {});
  }

  /** @param plain it comes from the row of keys, which has seen to the modifiers */
  #typed(data: string | Uint8Array, plain = false): void {
    if (this.#owner.state !== 'running' || this.#owner.readOnly) return;
    this.serial.write(typeof data === 'string' && !plain ? this.#keys.apply(data) : data);
  }

  async #act(action: ToolbarAction): Promise<void> {
    try {
      await performAction(action, this.#owner, {
        start: () => this.#start(),
        paste: () => this.#paste(),
        menu: () => this.#menu.toggle(),
        host: () => this.popOut.host,
      });
    } catch (error) {
      this.#hint(error);
    }
  }

  #hint(error: unknown): void {
    this.stage.showBanner('hint', toVmError(error).message);
  }

  async #paste(): Promise<void> {
    if (this.#owner.readOnly) return;
    await pasteFromClipboard(
      this.#owner,
      this.stage,
      this.screen.target,
      () => this.terminal.view,
      (text) => this.#clipboard.offer(text),
    );
  }
}
