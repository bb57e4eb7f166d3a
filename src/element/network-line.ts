/** A line that says that the guest waits for a network that is down, and when it is tried again. */
import type { DriveStream, VmEvents } from '../core/vm-api.ts';
import { h } from './dom.ts';

/** The line's text in two parts: what is wrong, and how long until the next attempt. Null: nothing waits. */
export function networkText(
  drives: ReadonlyMap<string, DriveStream>,
  now: number,
): { what: string; when: string } | null {
  const waiting = [...drives].filter(([, { problem, waiting }]) => problem !== null && waiting > 0);
  if (waiting.length === 0) return null;
  const names = waiting.map(([drive]) => drive).join(', ');
  const retryAt = waiting.flatMap(([, { retryAt }]) => (retryAt === null ? [] : [retryAt]));
  const seconds = Math.ceil((Math.min(...retryAt) - now) / 1000);
  const when = retryAt.length > 0 && seconds > 0 ? `, trying again in ${seconds} s` : ', trying again';
  return { what: `The guest waits for the network: ${names} cannot be read now`, when };
}

export class NetworkLine {
  readonly element = h('div', {});
  readonly #drives = new Map<string, DriveStream>();
  readonly #what = h('span', { class: 'what', role: 'status' });
  // Screen readers hear that it waits, not each second of it.
  readonly #when = h('span', { class: 'when', 'aria-live': 'off' });
  readonly #line = h('div', { class: 'banner hint network', part: 'banner network' }, this.#what, this.#when);
  #timer = 0;

  update({ drive, stream }: VmEvents['stream']): void {
    this.#drives.set(drive, stream);
    this.#draw();
  }

  clear(): void {
    this.#drives.clear();
    this.#draw();
  }

  #draw(): void {
    const text = networkText(this.#drives, Date.now());
    if (!text) {
      clearInterval(this.#timer);
      this.#timer = 0;
      this.element.replaceChildren();
      return;
    }
    if (this.#what.textContent !== text.what) this.#what.textContent = text.what;
    this.#when.textContent = text.when;
    this.#what.title = [...this.#drives.values()].find(({ problem }) => problem)?.problem ?? '';
    if (this.#timer !== 0) return;
    this.element.replaceChildren(this.#line);
    this.#timer = window.setInterval(() => this.#draw(), 500);
  }
}
