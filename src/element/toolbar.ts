import type { VmState } from '../core/vm-api.ts';
import type { SoundState } from '../sound/speaker-output.ts';
import { h, markup, setText } from './dom.ts';
import { ICONS, type IconName } from './icons.ts';
import type { View } from './screen-switch.ts';

/** What the toolbar asks its console to do. */
export type ToolbarAction =
  | 'start'
  | 'pause'
  | 'resume'
  | 'reset'
  | 'power-off'
  | 'paste'
  | 'size'
  | 'view'
  | 'scale'
  | 'screenshot'
  | 'mute'
  | 'fullscreen'
  | 'menu';

interface ButtonSpec {
  action: ToolbarAction;
  icon: IconName;
  label: string;
}

const PASTE_LABEL = 'Paste into the terminal (Ctrl+Shift+V)';
const TYPE_LABEL = 'Type what was copied (Ctrl+Shift+V)';

const BUTTONS: readonly ButtonSpec[] = [
  { action: 'start', icon: 'start', label: 'Start' },
  { action: 'reset', icon: 'reset', label: 'Reset the machine' },
  { action: 'power-off', icon: 'power', label: 'Power off' },
  { action: 'paste', icon: 'paste', label: PASTE_LABEL },
  { action: 'size', icon: 'size', label: 'Tell the guest the terminal’s size (types “stty rows … cols …”)' },
  { action: 'scale', icon: 'scale', label: 'Scaling' },
  { action: 'screenshot', icon: 'camera', label: 'Save a picture of the screen' },
  { action: 'view', icon: 'serial', label: 'Show the serial console' },
  { action: 'mute', icon: 'sound', label: 'Mute' },
  { action: 'fullscreen', icon: 'fullscreen', label: 'Full screen' },
  { action: 'menu', icon: 'more', label: 'More' },
];

/** What reaches the machine as if it were typed. */
const TYPING: ReadonlySet<ToolbarAction> = new Set(['paste', 'size']);

/** The first button changes with the state; the others are enabled or not. */
export function primaryAction(state: VmState): ButtonSpec {
  if (state === 'running') return { action: 'pause', icon: 'pause', label: 'Pause' };
  if (state === 'paused') return { action: 'resume', icon: 'start', label: 'Resume' };
  if (state === 'stopped' || state === 'error')
    return { action: 'start', icon: 'start', label: 'Start again' };
  return { action: 'start', icon: 'start', label: 'Start' };
}

/** Whether an action makes sense in a state. */
export function isEnabled(action: ToolbarAction, state: VmState): boolean {
  const alive = state === 'running' || state === 'paused';
  switch (action) {
    case 'start':
      return state === 'created' || state === 'stopped' || state === 'error';
    case 'pause':
      return state === 'running';
    case 'resume':
      return state === 'paused';
    case 'power-off':
      return alive || state === 'loading';
    case 'reset':
      return alive;
    case 'paste':
    case 'size':
      return state === 'running';
    case 'screenshot':
      return alive || state === 'stopped';
    case 'view':
    case 'scale':
    case 'mute':
    case 'fullscreen':
    case 'menu':
      return true;
  }
}

export const STATUS: Record<VmState, string> = {
  created: 'Off',
  loading: 'Starting…',
  running: 'Running',
  paused: 'Paused',
  stopped: 'Off',
  error: 'Failed',
  destroyed: 'Off',
};

/** The bar above the terminal: one tab stop, arrow keys between its buttons (ARIA's toolbar pattern). */
export class Toolbar {
  readonly element: HTMLElement;
  readonly #buttons: HTMLButtonElement[];
  readonly #dot = h('span', { class: 'dot', part: 'status-dot' });
  readonly #status = h('span', { class: 'status', part: 'status' });
  readonly #stats = h('span', { class: 'stats', part: 'stats' });
  readonly #label = h('span', { class: 'label', part: 'label' });
  readonly #volume = h('input', {
    type: 'range',
    class: 'volume',
    part: 'volume',
    min: '0',
    max: '100',
    'aria-label': 'Volume',
  });

  /** @param onVolume the slider was moved, 0 to 1 */
  constructor(onAction: (action: ToolbarAction) => void, onVolume: (volume: number) => void) {
    this.#buttons = BUTTONS.map((spec) => {
      const button = markup(
        'button',
        { type: 'button', part: `button button-${spec.action}` },
        ICONS[spec.icon],
      );
      button.dataset.action = spec.action;
      setLabel(button, spec.label);
      button.addEventListener('click', () => {
        if (button.ariaDisabled !== 'true') onAction(button.dataset.action as ToolbarAction);
      });
      return button;
    });
    const [start, reset, power, ...rest] = this.#buttons;
    this.#volume.addEventListener('input', () => onVolume(this.#volume.valueAsNumber / 100));
    this.element = h(
      'div',
      { class: 'toolbar', part: 'toolbar', role: 'toolbar', 'aria-label': 'Machine' },
      h('div', { class: 'group' }, start, reset, power),
      h('div', { class: 'about' }, this.#dot, this.#label, this.#status, this.#stats),
      h('slot', { name: 'toolbar' }),
      h('div', { class: 'group' }, ...rest.slice(0, -2), this.#volume, ...rest.slice(-2)),
    );
    this.element.addEventListener('keydown', (event) => this.#moveFocus(event));
    this.showView(null, 'serial');
    // The button that was left may be one of those that go where it is narrow.
    this.element.addEventListener('focusout', ({ relatedTarget }) => {
      if (!this.element.contains(relatedTarget as Node | null)) this.#setTabStop(this.#buttons[0]);
    });
  }

  /** Shows a state. @param readOnly nothing is to be typed */
  update(state: VmState, label: string, readOnly: boolean): void {
    const primary = primaryAction(state);
    const [start] = this.#buttons;
    if (start.dataset.action !== primary.action || start.getAttribute('aria-label') !== primary.label) {
      start.dataset.action = primary.action;
      start.innerHTML = ICONS[primary.icon];
      setLabel(start, primary.label);
    }
    for (const button of this.#buttons) {
      // aria-disabled keeps the button focusable, so that keyboard focus is not lost when the state changes under it.
      const action = button.dataset.action as ToolbarAction;
      const enabled = isEnabled(action, state) && !(readOnly && TYPING.has(action));
      button.setAttribute('aria-disabled', String(!enabled));
    }
    this.#dot.dataset.state = state;
    setText(this.#label, label);
    setText(this.#status, STATUS[state]);
    if (state !== 'running') setText(this.#stats, '');
    this.#setTabStop(this.#buttons.find((button) => button.tabIndex === 0) ?? start);
  }

  /** The button that opens the menu. */
  get menuButton(): HTMLButtonElement {
    return this.#buttons[this.#buttons.length - 1];
  }

  showScaling(scaling: string): void {
    const button = this.#buttons.find(({ dataset }) => dataset.action === 'scale');
    if (button) setLabel(button, `Scaling: ${scaling}`);
  }

  /**
   * @param view which of the views of a machine with a screen is shown; null: the machine has no screen
   * @param target which of the two a paste goes to
   */
  showView(view: View | null, target: 'screen' | 'serial'): void {
    const hidden: Partial<Record<ToolbarAction, boolean>> = {
      view: view === null,
      scale: view === null || view === 'serial',
      screenshot: view === null || view === 'serial',
      size: view === 'screen',
    };
    for (const button of this.#buttons) {
      const action = button.dataset.action as ToolbarAction;
      button.hidden = hidden[action] ?? button.hidden;
      if (action === 'paste') setLabel(button, target === 'screen' ? TYPE_LABEL : PASTE_LABEL);
      if (action !== 'view') continue;
      const other = view === 'screen' ? 'serial' : 'screen';
      button.innerHTML = ICONS[other];
      setLabel(button, other === 'serial' ? 'Show the serial console' : 'Show the screen');
    }
    // What has the tab stop may have gone.
    const stop = this.#buttons.find((button) => button.tabIndex === 0);
    if (stop?.hidden) this.#setTabStop(this.#buttons[0]);
  }

  /** Shows what is to be heard; nothing of a machine that has no sound. */
  showSound({ state, volume }: { state: SoundState; volume: number }): void {
    const none = state === 'none' || state === 'failed';
    const button = this.#buttons.find(({ dataset }) => dataset.action === 'mute')!;
    button.hidden = none;
    this.#volume.hidden = none;
    if (none) return;
    const [muted, blocked] = [state === 'muted', state === 'blocked'];
    button.innerHTML = ICONS[muted || blocked ? 'muted' : 'sound'];
    setLabel(
      button,
      blocked ? 'The sound waits for a click or a key on this page' : muted ? 'Unmute' : 'Mute',
    );
    this.#volume.value = String(Math.round(volume * 100));
    this.#volume.title = `Volume: ${this.#volume.value} %`;
  }

  showStats(text: string): void {
    setText(this.#stats, text);
  }

  /** Takes the keyboard. @returns false where the bar is not shown */
  focus(): boolean {
    if (!this.element.checkVisibility()) return false;
    this.#buttons.find((button) => button.tabIndex === 0)?.focus();
    return true;
  }

  #setTabStop(stop: HTMLButtonElement): void {
    for (const button of this.#buttons) button.tabIndex = button === stop ? 0 : -1;
  }

  #moveFocus(event: KeyboardEvent): void {
    const shown = this.#buttons.filter((button) => button.checkVisibility());
    const at = shown.indexOf(event.target as HTMLButtonElement);
    const count = shown.length;
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1 + count, Home: 0, End: count - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const button = shown[next % count];
    this.#setTabStop(button);
    button.focus();
  }
}

function setLabel(button: HTMLButtonElement, label: string): void {
  button.setAttribute('aria-label', label);
  button.title = label;
}
