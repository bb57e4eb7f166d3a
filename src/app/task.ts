/** Work that takes a while: a line with its progress, and a button that ends it. */
import { h } from '../element/dom.ts';
import { formatBytes } from '../element/format.ts';

export interface Task {
  /** Aborted by the button. */
  signal: AbortSignal;
  /** Bytes that are done, and all of them. */
  progress(done: number, total: number): void;
}

/**
 * Does work and shows how far it is.
 * @param place holds the line while it goes on
 * @returns what the work gives; null: it was cancelled
 * @throws whatever the work throws, unless it was cancelled
 */
export async function runTask<T>(
  place: HTMLElement,
  label: string,
  work: (task: Task) => Promise<T>,
): Promise<T | null> {
  const end = new AbortController();
  const amount = h('span', { class: 'amount', 'aria-hidden': 'true' });
  const bar = h('progress', { 'aria-label': label });
  const cancel = h('button', { type: 'button', class: 'quiet' }, 'Cancel');
  const line = h(
    'div',
    { class: 'task' },
    h('span', { class: 'task-label', role: 'status' }, label),
    amount,
    cancel,
    bar,
  );
  cancel.addEventListener('click', () => {
    cancel.disabled = true;
    end.abort();
  });
  place.append(line);
  line.scrollIntoView({ block: 'nearest' });
  try {
    const result = await work({
      signal: end.signal,
      progress(done, total) {
        bar.max = Math.max(total, 1);
        bar.value = done;
        amount.textContent = `${formatBytes(done)} of ${formatBytes(total)}`;
      },
    });
    return end.signal.aborted ? null : result;
  } catch (error) {
    if (end.signal.aborted) return null;
    throw error;
  } finally {
    line.remove();
  }
}
