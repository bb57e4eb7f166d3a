/** What lies over the terminal: the invitation to start, loading progress, failures, the end of the guest. */
import type { DriveFailure, VmOutcome, VmProgress, VmReport } from '../core/vm-api.ts';
import { h, markup } from './dom.ts';
import type { Failure } from './failure.ts';
import { formatBytes, formatCount, formatDuration } from './format.ts';
import { ICONS } from './icons.ts';

export function startPanel(label: string, onStart: () => void): HTMLElement {
  const button = markup('button', { type: 'button', class: 'big', part: 'start-button' }, ICONS.start);
  button.append(`Start ${label || 'the machine'}`);
  // A page's own button stands in the slot.
  const slot = h('slot', { name: 'start', onclick: onStart }, button);
  return h('div', { class: 'panel start', part: 'panel' }, slot);
}

/** `12.3 MB of 31.0 MB`, `12.3 MB` while the total is unknown, nothing for steps that are not measured in bytes. */
export function progressText({ loaded, total }: Pick<VmProgress, 'loaded' | 'total'>): string {
  if (total === undefined) return loaded > 0 ? formatBytes(loaded) : '';
  if (total <= 1) return '';
  return loaded >= total ? formatBytes(total) : `${formatBytes(loaded)} of ${formatBytes(total)}`;
}

/** Progress of the loading steps, one line each, in the order in which they began. */
export class ProgressPanel {
  readonly element: HTMLElement;
  readonly #steps = new Map<string, { row: HTMLElement; bar: HTMLProgressElement; text: HTMLElement }>();
  readonly #waiting = h(
    'li',
    {},
    h('span', { class: 'step' }, 'Preparing'),
    h('progress', { 'aria-label': 'Preparing' }),
  );
  readonly #list = h('ul', {}, this.#waiting);

  constructor(label: string, onCancel: () => void) {
    const cancel = h('button', { type: 'button', part: 'panel-button', onclick: onCancel }, 'Cancel');
    this.element = h(
      'div',
      {
        class: 'panel card progress',
        part: 'panel progress',
        role: 'group',
        'aria-label': `Starting ${label || 'the machine'}`,
        'aria-live': 'off',
      },
      h('h2', {}, `Starting ${label || 'the machine'}`),
      this.#list,
      h('div', { class: 'actions' }, cancel),
    );
  }

  show(progress: VmProgress): void {
    let step = this.#steps.get(progress.step);
    if (!step) {
      this.#waiting.remove();
      const bar = h('progress', { 'aria-label': progress.step });
      const text = h('span', { class: 'amount' });
      const row = h('li', {}, h('span', { class: 'step' }, progress.step), text, bar);
      this.#list.append(row);
      step = { row, bar, text };
      this.#steps.set(progress.step, step);
    }
    const { loaded, total } = progress;
    if (total === undefined) step.bar.removeAttribute('value');
    else {
      step.bar.max = Math.max(total, 1);
      step.bar.value = total === 0 ? 1 : loaded;
      step.row.classList.toggle('done', loaded >= total);
    }
    step.text.textContent = progressText(progress);
  }
}

export function failurePanel(
  failure: Failure,
  actions: { onRetry: () => void; onCopy: () => Promise<void> },
): HTMLElement {
  // A message may go on after its first line, with the guest's registers for example.
  const [message, ...more] = failure.message.split('\n');
  const copy = h('button', { type: 'button', part: 'panel-button' }, 'Copy details');
  copy.addEventListener('click', () => {
    const say = (text: string) => {
      copy.textContent = text;
    };
    actions.onCopy().then(
      () => say('Copied'),
      () => say('The browser refused'),
    );
  });
  return h(
    'div',
    { class: 'panel card failure', part: 'panel failure', role: 'alert' },
    h('h2', {}, failure.title),
    h('p', { class: 'message', part: 'failure-message' }, message),
    h('p', { class: 'advice', part: 'failure-advice' }, failure.advice),
    more.length > 0 && h('pre', { part: 'failure-more', tabindex: 0 }, more.join('\n').trimEnd()),
    h(
      'div',
      { class: 'actions' },
      h(
        'button',
        { type: 'button', class: 'primary', part: 'panel-button', onclick: actions.onRetry },
        'Try again',
      ),
      copy,
    ),
  );
}

const OUTCOMES: Record<VmOutcome, string> = {
  poweroff: 'The guest has powered off',
  reset: 'The guest asked for a reset',
  panic: 'The guest panicked and stopped',
  error: 'The guest has failed',
  stopped: 'The machine is switched off',
};

/** The title of the panel after the guest's end. A status that is not zero is the guest's own. */
export function endTitle(outcome: VmOutcome, code: number): string {
  return code === 0 ? OUTCOMES[outcome] : `${OUTCOMES[outcome]} with status ${code}`;
}

/** `It ran for 4.2 s: 1.03 billion instructions.` */
export function endSummary(report: Pick<VmReport, 'guestMs' | 'instructions'>): string {
  return `It ran for ${formatDuration(report.guestMs)}: ${formatCount(report.instructions)} instructions.`;
}

export function endPanel(
  end: { outcome: VmOutcome; code: number },
  report: VmReport | null,
  onStart: () => void,
): HTMLElement {
  return h(
    'div',
    { class: 'panel strip ended', part: 'panel ended', role: 'status' },
    h(
      'div',
      {},
      h('h2', {}, endTitle(end.outcome, end.code)),
      report && report.instructions > 0 && h('p', {}, endSummary(report)),
    ),
    h('button', { type: 'button', class: 'primary', part: 'panel-button', onclick: onStart }, 'Start again'),
  );
}

/** The banner's text; Linux's own `Kernel panic - not syncing:` says the same twice. */
export function panicText(message: string): string {
  const reason = message.replace(/^kernel panic( - not syncing)?:?\s*/i, '').trim();
  return reason ? `The guest’s kernel has panicked: ${reason}` : 'The guest’s kernel has panicked.';
}

/** The banner's text for a request that a drive's medium failed. */
export function ioErrorText({ drive, operation, action, message }: DriveFailure): string {
  const what = `${operation === 'read' ? 'Reading from' : 'Writing to'} the disk ${drive} failed: ${message}.`;
  if (action === 'stop')
    return `${what} The machine is paused, and nothing is lost: resume it, and it tries again.`;
  return action === 'report' ? `${what} The guest was told.` : `${what} The guest was not told.`;
}

/** What a banner offers to do. */
export interface BannerAction {
  label: string;
  run: () => void;
}

/** A line above the terminal that hides nothing of it: a panic, or a hint. What it offers closes it, too. */
export function banner(
  kind: 'panic' | 'hint',
  text: string,
  onClose: () => void,
  action?: BannerAction,
): HTMLElement {
  const close = markup('button', { type: 'button', 'aria-label': 'Dismiss' }, ICONS.close);
  close.addEventListener('click', onClose);
  return h(
    'div',
    { class: `banner ${kind}`, part: `banner ${kind}`, role: kind === 'panic' ? 'alert' : 'status' },
    h('span', {}, text),
    ...(action ? [actionButton(action, onClose)] : []),
    close,
  );
}

function actionButton({ label, run }: BannerAction, onClose: () => void): HTMLElement {
  const button = h('button', { type: 'button' }, label);
  button.addEventListener('click', () => {
    onClose();
    run();
  });
  return button;
}
