/** What is left of a machine that has ended: what its guest wrote to disks is in memory until it is kept, started again or left. */
import type { Vm } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';
import { formatBytes } from '../element/format.ts';
import { keepButton, type Keeping } from './drives-panel.ts';
import { unkeptWrites } from './leaving.ts';

export interface EndedLine {
  element: HTMLElement;
  /** The machine is in another state. */
  draw(): void;
  /** Writes are kept from now on. */
  keeps(keeping: Keeping): void;
}

/** @param vm the machine of now */
export function endedLine(vm: () => Vm | null, keeping: Keeping): EndedLine {
  const tasks = h('div', { class: 'tasks' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const line = h('div', { role: 'status' });
  const element = h('div', { class: 'after-end' }, line, tasks, problem);
  let { keep } = keeping;
  const draw = (): void => {
    const bytes = vm()?.state === 'stopped' ? unkeptWrites() : 0;
    if (bytes === 0 || !keep) return line.replaceChildren();
    const text = `What the guest has written (${formatBytes(bytes)}) is still in memory. It is gone when the machine is started again, or this page is left.`;
    line.replaceChildren(h('p', { class: 'keeping' }, `${text} `, keepButton(keep, tasks, problem)));
  };
  return {
    element,
    draw() {
      problem.textContent = '';
      draw();
    },
    keeps(keeping) {
      ({ keep } = keeping);
      draw();
    },
  };
}
