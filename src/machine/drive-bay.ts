/** The drives of a running machine as the host handles them: what they say of themselves, media in and out, other sizes. */
import { VmError } from '../core/errors.ts';
import type { DriveState, ImageSource, KeepOptions } from '../core/vm-api.ts';
import type { BoardDrive } from './board.ts';
import { openImage } from './disk-image.ts';
import type { DrivePlan } from './drives.ts';
import type { MachineImages } from './machine-images.ts';
import type { Session } from './session.ts';
import { keepOverlaid } from './stored-disk.ts';

const SECTOR = 512;

export class DriveBay {
  /** The machine of the moment: a drive lives no longer than it. */
  private readonly session: () => Session | null;
  private readonly images: MachineImages;
  private readonly plans: readonly DrivePlan[];
  /** Stored disks that took the place of memory since it started, by drive. */
  private readonly kept = new Map<string, string>();
  /** Images that were put into drives since it started. */
  private readonly exchanged = new Map<string, ImageSource>();
  /** The drives as they were when the machine ended. */
  private last: readonly DriveState[] = [];

  constructor(session: () => Session | null, images: MachineImages, plans: readonly DrivePlan[]) {
    this.session = session;
    this.images = images;
    this.plans = plans;
  }

  private get drives(): readonly BoardDrive[] {
    return this.session()?.board.drives ?? [];
  }

  /** To be called while the machine is there for the last time. */
  machineEnds(): void {
    this.last = this.states().map((state) => ({ ...state, removable: false, locked: false }));
  }

  /** What is in each drive, and how much was read and written; of a machine that has ended, at its end. */
  states(): readonly DriveState[] {
    if (!this.session()) return this.last.map((state) => ({ ...state, ...this.storing(state.name) }));
    return this.drives.map(({ name, media, size, locked, open = false, change }) => {
      const stream = this.images.stream(name);
      const io = this.session()?.counts(name);
      const option = this.plans.find((plan) => plan.name === name)?.option;
      return {
        ...{ name, media, size, locked, open, removable: change !== undefined },
        ...(option !== undefined && { option }),
        ...this.storing(name),
        ...(stream && { stream }),
        ...(io && { io }),
      };
    });
  }

  /** Puts another image into a drive, or takes out what is in it, whatever the guest says. @throws VmError bad-config, not-found, bad-image */
  async change(drive: string, image: ImageSource | null): Promise<void> {
    const { media } = this.removable(drive);
    const how = {
      interface: media === 'floppy' ? media : 'ide',
      media: media === 'cdrom' ? media : 'disk',
      readOnly: media === 'cdrom',
      snapshot: true,
    } as const;
    const node = image === null ? null : await openImage(image, how, drive, this.images.context);
    this.removable(drive).change(this.session()!.watched(node));
    if (image !== null) this.exchanged.set(drive, image);
  }

  /** Makes a disk another size, in bytes. @throws VmError bad-config */
  async resize(drive: string, size: number): Promise<void> {
    const found = this.drives.find(({ name }) => name === drive);
    const wrong = (what: string): VmError =>
      new VmError('bad-config', `${drive} cannot be resized: ${what}.`);
    if (!found) throw wrong('there is no such drive');
    if (!found.resize) throw wrong('only virtio disks can be while the machine runs');
    if (!Number.isSafeInteger(size) || size <= 0 || size % SECTOR !== 0)
      throw wrong(`${size} bytes are no whole number of sectors of ${SECTOR}`);
    if (this.storedIn(drive) !== undefined && size < (found.size ?? 0))
      throw wrong('the browser stores it, and a smaller disk would lose what is at its end');
    const result = await found.resize(size);
    if (!result.ok) throw wrong(result.error.message);
  }

  /** The stored disk that a drive writes to, by its name or id. */
  private storedIn(drive: string): string | undefined {
    return this.kept.get(drive) ?? this.plans.find(({ name }) => name === drive)?.persist;
  }

  private storing(drive: string): Pick<DriveState, 'persist'> {
    const persist = this.storedIn(drive);
    return persist === undefined ? {} : { persist };
  }

  /** Has the browser store what a disk in memory has, and is given from now on. @throws VmError bad-config, not-found, unsupported */
  async keep(drive: string, name: string, options: KeepOptions): Promise<{ id: string; name: string }> {
    const disk = this.images.inMemory(drive);
    const wrong = (what: string): VmError => new VmError('bad-config', `${drive} cannot be kept: ${what}.`);
    if (!this.states().some(({ name }) => name === drive)) throw wrong('there is no such drive');
    if (this.storedIn(drive) !== undefined) throw wrong('the browser stores it already');
    if (!disk) throw wrong('only disks whose writes stay in memory can be');
    const { signal } = this.images.context;
    const end = options.signal ? AbortSignal.any([signal, options.signal]) : signal;
    const { info, left } = await keepOverlaid(disk, name, { ...options, signal: end });
    this.kept.set(drive, info.id);
    // No guest has it open any more: what was copied is stored, and others may open the disk.
    if (this.images.moved(drive, left)) await disk.place.close();
    return { id: info.id, name: info.name };
  }

  /** Presses a drive's button. @returns false if the guest has locked it @throws VmError bad-config */
  async eject(drive: string): Promise<boolean> {
    const found = this.removable(drive);
    if (found.eject) return found.eject();
    found.change(null);
    return true;
  }

  /** The image that was put into a drive last, by the options or since. */
  imageOf(drive: string): ImageSource | null {
    return this.exchanged.get(drive) ?? this.plans.find(({ name }) => name === drive)?.file ?? null;
  }

  /** A drive of now whose medium can be exchanged. */
  private removable(drive: string): BoardDrive & Required<Pick<BoardDrive, 'change'>> {
    const { drives } = this;
    const found = drives.find(({ name }) => name === drive);
    if (found?.change) return found as BoardDrive & Required<Pick<BoardDrive, 'change'>>;
    if (found) {
      throw new VmError('bad-config', `The image of ${drive} cannot be exchanged while the machine runs.`);
    }
    const names = drives.flatMap(({ name, change }) => (change ? [name] : []));
    const known = names.length > 0 ? ` Drives with media to exchange: ${names.join(', ')}.` : '';
    throw new VmError('bad-config', `There is no drive ${drive}.${known}`);
  }
}
