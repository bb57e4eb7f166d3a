/**
 * IDE controller of the PIIX3: two channels at the PC's ports, with a bus master.
 * Specification: Intel 82371SB (PIIX3) datasheet, sections 2.3 and 2.7. The timing registers keep what is written to them and do
 * nothing; the channels answer whether or not IDETIM enables them, as in QEMU.
 */
import type { IrqLine } from '../../core/irq.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { MmioRegion, RegisterSpec, SavedState } from '../device.ts';
import * as C from '../pci/config-space.ts';
import { PciFunction } from '../pci/pci-function.ts';
import { BM_COMMAND, BM_STATUS, BM_TABLE, COMMAND_START } from './bus-master.ts';
import { IdeChannel } from './ide-channel.ts';
import type { DriveHost, IdeDrive } from './ide-drive.ts';

const BUS_MASTER_BAR = 4;
const BUS_MASTER_BYTES = 16;
const CHANNEL_BYTES = 8;

export interface Piix3IdeOptions {
  /** ISA lines of the two channels. */
  irqs: readonly [IrqLine, IrqLine];
  memory: GuestMemory;
  /** As DriveHost's; absent: long transfers go on at once. */
  breathe?: DriveHost['breathe'];
  /** Builds the drive at `channel` (0, 1) and `place` (0 master, 1 slave), or none. */
  drive(channel: number, place: number, host: DriveHost): IdeDrive | null;
}

export class Piix3Ide extends PciFunction {
  readonly name = 'piix3-ide';
  /** Registers and control register of the first channel, then those of the second. */
  override readonly fixed: readonly MmioRegion[];
  private readonly channels: readonly IdeChannel[];

  constructor({ irqs, memory, breathe, drive }: Piix3IdeOptions) {
    super({
      vendor: 0x8086,
      device: 0x7010,
      revision: 0,
      // Both channels in compatibility mode, with a bus master.
      classCode: 0x010180,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    const { config } = this;
    config.define(C.STATUS, 2, 0x0280);
    for (let at = C.HEADER_END; at < C.CONFIG_BYTES; at++) config.allow(at, 1, 0xff);
    this.channels = irqs.map(
      (irq, channel) =>
        new IdeChannel({
          name: `ide${channel}`,
          irq,
          memory,
          breathe: breathe ?? null,
          publish: (block, offset, value) => {
            if (block === 'busMaster') this.publishWindow(0, channel * CHANNEL_BYTES + offset, value);
            else this.publish(2 * channel + (block === 'control' ? 1 : 0), offset, value);
          },
          drive: (place, host) => drive(channel, place, host),
        }),
    );
    this.fixed = this.channels.flatMap((channel) => channel.regions);
    this.addBar({ index: BUS_MASTER_BAR, space: 'io', size: BUS_MASTER_BYTES }, this.busMasterRegion());
  }

  private busMasterRegion(): MmioRegion {
    const channel = (offset: number): IdeChannel => this.channels[Math.floor(offset / CHANNEL_BYTES)];
    const registers = [0, 1].flatMap((index): RegisterSpec[] => {
      const first = index * CHANNEL_BYTES;
      const [command, status, table] = ['BMICX', 'BMISX', 'BMIDTPX'].map((name) => `${name}${index}`);
      const shadowed = { read: 'shadow', write: 'deferred' } as const;
      return [
        {
          ...{ offset: first + BM_COMMAND, name: command, ...shadowed },
          ...{ decisive: COMMAND_START, stale: [command] },
        },
        { offset: first + BM_STATUS, name: status, ...shadowed, stale: [status] },
        { offset: first + BM_TABLE, name: table, read: 'exit', write: 'deferred', width: 4 },
      ];
    });
    return {
      name: 'ide-bus-master',
      size: BUS_MASTER_BYTES,
      accessMin: 1,
      accessMax: 4,
      spacing: 1,
      registers,
      read: (offset, size) => {
        let value = 0;
        for (let i = 0; i < size; i++) {
          const at = offset + i;
          value += channel(at).busMaster.readByte(at % CHANNEL_BYTES) * 2 ** (8 * i);
        }
        return value;
      },
      write: (offset, size, value) => {
        for (let i = 0; i < size; i++) {
          const at = offset + i;
          channel(at).busMaster.writeByte(at % CHANNEL_BYTES, Math.floor(value / 2 ** (8 * i)) & 0xff);
        }
        for (let at = 0; at < size; at += CHANNEL_BYTES) channel(offset + at).publishAll();
      },
    };
  }

  protected override configChanged(): void {
    super.configChanged();
    for (const channel of this.channels) channel.publishAll(true);
  }

  override reset(): void {
    for (const channel of this.channels) channel.reset();
    super.reset();
  }

  override save(): SavedState {
    const saved: Record<string, SavedState[string]> = { ...super.save() };
    this.channels.forEach((channel, i) => Object.assign(saved, channel.save(String(i))));
    return saved;
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const channels = this.channels.map((channel, i) => channel.restorer(String(i), reader));
    super.restore(state);
    for (const restore of channels) restore();
  }
}
