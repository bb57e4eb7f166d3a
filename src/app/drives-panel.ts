/** The drives of a running machine: what is in them, and buttons to exchange it. */
import type { DriveState, Vm } from '../core/vm-api.ts';
import { h } from '../element/dom.ts';
import { formatBytes } from '../element/format.ts';
import { parseSize, SIZE_HINT } from './disks/size.ts';

const KINDS: Record<DriveState['media'], string> = { disk: 'Disk', cdrom: 'CD-ROM', floppy: 'Floppy' };

/** How often the panel looks at the drives while it is shown, ms: guests eject media, too. */
const INTERVAL = 1000;

const sizeText = (size: number | null): string => (size === null ? 'empty' : formatBytes(size));

export interface DrivesPanel {
  element: HTMLElement;
  /** The panel is shown from now on, or not. */
  toggled(open: boolean): void;
  /** Writes go elsewhere from now on. */
  keeps(keeping: Keeping): void;
}

/** Says where writes go, and offers to keep them. */
function keepingLine({ kept, disks, keep }: Keeping, tasks: HTMLElement, problem: HTMLElement): HTMLElement {
  if (kept !== null)
    return h('p', {}, `What the guest writes is kept in this browser, as ${disks} of “${kept}”.`);
  const text =
    'What the guest writes stays in memory: it is gone when the machine is closed or started again.';
  if (!keep) return h('p', {}, text);
  return h('p', { class: 'keeping' }, `${text} `, keepButton(keep, tasks, problem));
}

/** @param tasks where the progress is shown @param problem where it is said why it failed */
export function keepButton(
  keep: NonNullable<Keeping['keep']>,
  tasks: HTMLElement,
  problem: HTMLElement,
): HTMLElement {
  const button = h('button', { type: 'button', class: 'quiet' }, 'Keep this machine');
  button.addEventListener('click', async () => {
    button.disabled = true;
    problem.textContent = '';
    await keep(tasks).catch((error: Error) => {
      problem.textContent = error.message;
    });
    button.disabled = false;
  });
  return button;
}

/** Where the guest's writes go. */
export interface Keeping {
  /** What the machine is called that keeps them; null: they are gone with the machine. */
  kept: string | null;
  /** What of it: `the disk`, `2 disks`. */
  disks: string;
  /** Keeps it from now on. @param tasks where the progress is shown */
  keep?(tasks: HTMLElement): Promise<void>;
}

/** @param vm the machine of now */
export function drivesPanel(vm: () => Vm | null, keeping: Keeping): DrivesPanel {
  const list = h('ul', { class: 'drives' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const tasks = h('div', { class: 'tasks' });
  const line = h('div', { 'aria-live': 'polite' }, keepingLine(keeping, tasks, problem));
  /** What is offered where the guest has locked a drive. */
  const force = h('p', { class: 'force' });
  let drawn = '';
  let timer = 0;

  const put = async (drive: string, image: File | null): Promise<void> => {
    problem.textContent = '';
    force.replaceChildren();
    try {
      await vm()?.changeMedium(drive, image);
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
    draw();
  };

  /** As QEMU's `eject`: a guest that has locked the drive is asked first, and only a second word takes the medium by force. */
  const change = async (drive: string, image: File | null): Promise<void> => {
    const locked = vm()?.drives.find(({ name }) => name === drive)?.locked;
    if (!locked) return put(drive, image);
    problem.textContent = '';
    try {
      await vm()?.eject(drive);
    } catch (error) {
      problem.textContent = (error as Error).message;
      return;
    }
    const button = h('button', { type: 'button', class: 'quiet' }, 'Force it out');
    button.addEventListener('click', () => void put(drive, image));
    problem.textContent = `The guest uses what is in ${drive} and has locked it. It was asked to let go: some guests do so within seconds, others want to be told (“eject”, “umount”).`;
    force.replaceChildren('By force, what the guest still needs of it is lost to it. ', button);
  };

  const buttons = ({ name, size }: DriveState): HTMLElement[] => {
    const input = h('input', { type: 'file', class: 'visually-hidden' });
    input.addEventListener('change', () => input.files?.[0] && void change(name, input.files[0]));
    const insert = h(
      'label',
      { class: 'file' },
      h('span', { class: 'choose' }, 'Insert…'),
      h('span', { class: 'visually-hidden' }, ` into ${name}`),
      input,
    );
    const eject = h('button', { type: 'button', class: 'quiet' }, 'Eject');
    eject.addEventListener('click', () => void change(name, null));
    return size === null ? [insert] : [insert, eject];
  };

  /** A disk whose guest is told of a new size. */
  const resizing = ({ name, size }: DriveState): HTMLElement[] => {
    const input = h('input', {
      value: formatBytes(size ?? 0),
      autocomplete: 'off',
      'aria-label': `New size of ${name}`,
    });
    const form = h(
      'form',
      { class: 'resize' },
      input,
      h('button', { type: 'submit', class: 'quiet' }, 'Resize'),
    );
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const wanted = parseSize(input.value);
      if (wanted === null) problem.textContent = `“${input.value}” is no size. ${SIZE_HINT}`;
      else if (wanted < (size ?? 0)) problem.textContent = 'A smaller disk would cut off what is on it.';
      else {
        problem.textContent = '';
        await vm()
          ?.resizeDrive(name, wanted)
          .catch((error: Error) => {
            problem.textContent = error.message;
          });
        draw();
      }
    });
    return [form];
  };

  const draw = (): void => {
    const drives = vm()?.drives ?? [];
    // A list that shows the same keeps the focus and the text that lie in it; a disk's figures, which change all the time, it does not show.
    const now = JSON.stringify(
      drives.map(({ name, media, size, locked, open, removable, persist }) => [
        ...[name, media, size, locked, open, removable, persist],
        vm()?.state,
      ]),
    );
    if (now === drawn && list.childElementCount > 0) return;
    drawn = now;
    if (!drives.some(({ locked }) => locked) && force.childElementCount > 0) {
      force.replaceChildren();
      problem.textContent = '';
    }
    list.replaceChildren(
      ...drives.map((drive) =>
        h(
          'li',
          {},
          h('span', {}, `${KINDS[drive.media]} (${drive.name})`),
          h(
            'span',
            { class: 'size' },
            sizeText(drive.size) + (drive.locked ? ', in use' : '') + (drive.persist ? ', kept' : ''),
          ),
          ...(drive.removable ? buttons(drive) : []),
          ...(drive.name.startsWith('virtio') && drive.size !== null && vm()?.state !== 'stopped'
            ? resizing(drive)
            : []),
        ),
      ),
    );
    if (drives.length === 0)
      list.replaceChildren(h('li', {}, 'This machine has no drives, or does not run.'));
  };

  const tick = (): void => {
    if (list.isConnected) draw();
    else clearInterval(timer);
  };

  return {
    element: h('div', { class: 'drives-panel' }, list, line, tasks, problem, force),
    keeps: (keeping) => line.replaceChildren(keepingLine(keeping, tasks, problem)),
    toggled(open) {
      clearInterval(timer);
      if (!open) return;
      draw();
      timer = window.setInterval(tick, INTERVAL);
    },
  };
}
