/** The drives of a running machine: what is in them, and buttons to exchange it. */
import type { DriveState, Vm } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';

const KINDS: Record<DriveState['media'], string> = { disk: 'Disk', cdrom: 'CD-ROM', floppy: 'Floppy' };

function sizeText(size: number | null): string {
  if (size === null) return 'empty';
  return size < 10_000_000 ? `${Math.round(size / 1000)} KB` : `${Math.round(size / 1_000_000)} MB`;
}

export interface DrivesPanel {
  element: HTMLElement;
  /** The panel is shown from now on, or not. */
  toggled(open: boolean): void;
}

/** @param vm the machine of now */
export function drivesPanel(vm: () => Vm | null): DrivesPanel {
  const list = h('ul', { class: 'drives' });
  const problem = h('p', { class: 'problem', role: 'alert' });

  const change = async (drive: string, image: File | null): Promise<void> => {
    problem.textContent = '';
    try {
      await vm()?.changeMedium(drive, image);
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
    draw();
  };

  const buttons = ({ name, size }: DriveState): HTMLElement[] => {
    const input = h('input', { type: 'file', class: 'visually-hidden' });
    input.addEventListener('change', () => input.files?.[0] && void change(name, input.files[0]));
    const insert = h('label', { class: 'file' }, h('span', { class: 'choose' }, 'Insert…'), input);
    const eject = h('button', { type: 'button', class: 'quiet' }, 'Eject');
    eject.addEventListener('click', () => void change(name, null));
    return size === null ? [insert] : [insert, eject];
  };

  const draw = (): void => {
    const drives = vm()?.drives ?? [];
    list.replaceChildren(
      ...drives.map((drive) =>
        h(
          'li',
          {},
          h('span', {}, `${KINDS[drive.media]} (${drive.name})`),
          h('span', { class: 'size' }, sizeText(drive.size) + (drive.locked ? ', in use' : '')),
          ...(drive.removable ? buttons(drive) : []),
        ),
      ),
    );
    if (drives.length === 0)
      list.replaceChildren(h('li', {}, 'This machine has no drives, or does not run.'));
  };

  return {
    element: h(
      'div',
      {},
      list,
      h(
        'p',
        {},
        'What the guest writes stays in memory: it is gone when the machine is closed or started again.',
      ),
      problem,
    ),
    toggled: (open) => void (open && draw()),
  };
}
