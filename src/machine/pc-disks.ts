/** Disks and CD-ROMs of a PC: the PIIX3's IDE controller with the drives that the options ask for. */
import { floppyGeometry } from '../hw/floppy/floppy-geometry.ts';
import { I82077 } from '../hw/floppy/i82077.ts';
import { AtaDisk } from '../hw/ide/ata-disk.ts';
import { AtapiDrive } from '../hw/ide/atapi-drive.ts';
import { Piix3Ide } from '../hw/ide/piix3-ide.ts';
import type { BoardDrive } from './board.ts';
import type { PcContext } from './pc-context.ts';
import { PC_DEVFN, PC_IRQ, PC_PORTS } from './pc-map.ts';

/** Attaches the IDE controller. Returns its drives. */
export function attachDisks({ env, wiring, bus }: PcContext): BoardDrive[] {
  const { memory, log, later } = env;
  const drives: BoardDrive[] = [];
  const ide = new Piix3Ide({
    irqs: [wiring.irq(PC_IRQ.ide[0]), wiring.irq(PC_IRQ.ide[1])],
    memory,
    ...(later && { breathe: () => new Promise<null>((resolve) => later(() => resolve(null))) }),
    drive: (channel, place, host) => {
      const index = 2 * channel + place;
      const drive = env.drives.find((one) => one.interface === 'ide' && one.index === index);
      if (!drive) return null;
      const { node, geometry } = drive;
      const serial = `QM0000${index + 1}`;
      const { name } = drive;
      if (drive.media === 'cdrom') {
        const cdrom = new AtapiDrive({ node, serial, host, log });
        drives.push(cdromDrive(name, cdrom));
        return cdrom;
      }
      if (!node) return null;
      drives.push({ name, media: 'disk', size: node.size, locked: false });
      return new AtaDisk({ node, geometry, serial, host, log });
    },
  });
  const ports = PC_PORTS.ide.flatMap(({ registers, control }) => [registers, control]);
  wiring.attachPci(bus, PC_DEVFN.ide, ports, ide);
  return drives;
}

/** CMOS memory: types of the floppy drives, and the equipment byte. */
const CMOS_FLOPPIES = 0x10;
const CMOS_EQUIPMENT = 0x14;
/** A drive with nothing in it: 3.5", 1.44 MB. */
const FLOPPY_1440 = 4;
const FLOPPY_DMA = 2;

/** Attaches the floppy controller if there are floppy drives. Returns them. */
export function attachFloppies({ env, wiring, dma, cmos, attach }: PcContext): BoardDrive[] {
  const plans = env.drives.filter((one) => one.interface === 'floppy').sort((a, b) => a.index - b.index);
  if (plans.length === 0) return [];
  // A second drive without a first one: the first is empty.
  const nodes = Array.from({ length: plans.at(-1)!.index + 1 }, (_, index) => {
    return plans.find((plan) => plan.index === index)?.node ?? null;
  });
  const fdc = attach(PC_PORTS.floppy, (shadow) => {
    return new I82077({
      shadow,
      irq: wiring.irq(PC_IRQ.floppy),
      dma: dma.channel(FLOPPY_DMA),
      drives: nodes,
      log: env.log,
    });
  });
  const types = nodes.map((node) => (node && floppyGeometry(node.size)?.drive) ?? FLOPPY_1440);
  cmos[CMOS_FLOPPIES] = (types[0] << 4) | (types[1] ?? 0);
  cmos[CMOS_EQUIPMENT] |= 0x01 | ((nodes.length - 1) << 6);
  return nodes.map((_, index) => ({
    name: `floppy${index}`,
    media: 'floppy',
    locked: false,
    get size() {
      return fdc.sizeOf(index);
    },
    change: (node) => fdc.changeMedium(index, node),
  }));
}

function cdromDrive(name: string, cdrom: AtapiDrive): BoardDrive {
  return {
    name,
    media: 'cdrom',
    get size() {
      return cdrom.size;
    },
    get locked() {
      return cdrom.locked;
    },
    get open() {
      return cdrom.trayOpen;
    },
    change: (node) => cdrom.changeMedium(node),
    eject: () => cdrom.pressEject(),
  };
}
