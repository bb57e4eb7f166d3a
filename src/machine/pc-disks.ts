/** Disks and CD-ROMs of a PC: the PIIX3's IDE controller with the drives that the options ask for. */
import { AtaDisk } from '../hw/ide/ata-disk.ts';
import { AtapiDrive } from '../hw/ide/atapi-drive.ts';
import { Piix3Ide } from '../hw/ide/piix3-ide.ts';
import type { BoardDrive } from './board.ts';
import type { PcContext } from './pc-context.ts';
import { PC_DEVFN, PC_IRQ, PC_PORTS } from './pc-map.ts';

/** Attaches the controller. Returns its drives. */
export function attachDisks({ env, wiring, bus }: PcContext): BoardDrive[] {
  const { memory, log } = env;
  const drives: BoardDrive[] = [];
  const ide = new Piix3Ide({
    irqs: [wiring.irq(PC_IRQ.ide[0]), wiring.irq(PC_IRQ.ide[1])],
    memory,
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
    change: (node) => cdrom.changeMedium(node),
  };
}
