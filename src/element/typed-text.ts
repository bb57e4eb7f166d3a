/** Text that is typed on a machine's keyboard, with its progress and a way to end it. */
import { KEYBOARD_LAYOUTS, type KeyboardLayout } from '../core/keyboard-layouts.ts';
import type { Vm, VmInput } from '../core/vm-api.ts';
import { h } from './dom.ts';

/** What takes no longer than this needs no progress, ms. */
const SHOWN_AFTER_MS = 300;

/** What became of a text: the characters that the layout has no key for, and whether the guest has read all others. */
export type Typed = Awaited<ReturnType<VmInput['type']>>;

/** What there is to say after a text was typed; null: nothing. */
export function typedHint({ missing, done }: Typed, layout: KeyboardLayout, ended: boolean): string | null {
  if (missing.length > 0)
    return `The keyboard layout “${KEYBOARD_LAYOUTS[layout]}” has no key for: ${missing.join(' ')}`;
  return done || ended ? null : 'The guest did not read all of the keys.';
}

/**
 * Types a text.
 * @param show shows a line with the progress; called with null when there is none any more
 * @param signal ends it, as the person's button does
 * @returns what became of it, and what to tell the person, or null
 */
export async function typeText(
  vm: Vm,
  text: string,
  layout: KeyboardLayout,
  show: (line: HTMLElement | null) => void,
  signal?: AbortSignal,
): Promise<{ typed: Typed; hint: string | null }> {
  const end = new AbortController();
  // The progress bar says the same to who does not see it, when asked: a count that changes all the time is not to be read out.
  const words = h('span', { 'aria-hidden': 'true' }, 'Typing…');
  const bar = h('progress', { 'aria-label': 'Typing' });
  const cancel = h('button', { type: 'button', class: 'quiet' }, 'Cancel');
  cancel.addEventListener('click', () => end.abort());
  const line = h('div', { class: 'typing', part: 'typing' }, words, bar, cancel);
  const timer = setTimeout(() => show(line), SHOWN_AFTER_MS);
  try {
    const typed = await vm.input.type(text, layout, {
      signal: signal ? AbortSignal.any([end.signal, signal]) : end.signal,
      onProgress: (count, total) => {
        bar.max = total;
        bar.value = count;
        words.textContent = `Typing: ${count} of ${total} keys`;
      },
    });
    return { typed, hint: typedHint(typed, layout, end.signal.aborted || signal?.aborted === true) };
  } finally {
    clearTimeout(timer);
    if (line.isConnected) show(null);
  }
}
