/** The monitor of a running machine: a line to type commands into, as QEMU's monitor takes them, and their answers. */
import type { Vm } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';

/** Answers that are kept, in characters. */
const KEPT = 200_000;

/** Commands that most people look for first. */
const SUGGESTED = [
  'info status',
  'info registers',
  'info block',
  'info mtree',
  'info qtree',
  'info mem',
  'help',
];

/** @param vm the machine of now */
export function monitorPanel(vm: () => Vm | null): HTMLElement {
  const log = h('pre', {
    class: 'monitor-log',
    role: 'log',
    tabindex: 0,
    'aria-label': 'Answers of the monitor',
  });
  const input = h('input', {
    name: 'monitor',
    'aria-label': 'Command for the monitor',
    placeholder: 'info registers',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
  });
  const form = h(
    'form',
    { class: 'monitor-line' },
    h('span', { 'aria-hidden': 'true' }, '(qemu)'),
    input,
    h('button', { type: 'submit', class: 'quiet' }, 'Run'),
  );
  const history: string[] = [];
  let at = 0;

  const say = (text: string): void => {
    const all = `${log.textContent}${text}\n`;
    log.textContent = all.slice(Math.max(0, all.length - KEPT));
    log.scrollTop = log.scrollHeight;
  };
  const run = async (command: string): Promise<void> => {
    say(`(qemu) ${command}`);
    if (history.at(-1) !== command) history.push(command);
    at = history.length;
    const machine = vm();
    try {
      const answer = machine ? await machine.monitor(command) : 'Error: no machine runs';
      if (answer !== '') say(answer);
    } catch (error) {
      say(`Error: ${(error as Error).message}`);
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const command = input.value.trim();
    input.value = '';
    if (command !== '') void run(command);
  });
  input.addEventListener('keydown', (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), history.length);
    input.value = history[at] ?? '';
  });
  const suggestions = SUGGESTED.map((command) => {
    const button = h('button', { type: 'button', class: 'quiet' }, command);
    button.addEventListener('click', () => void run(command));
    return button;
  });
  return h('div', { class: 'monitor' }, h('div', { class: 'chords' }, ...suggestions), log, form);
}
