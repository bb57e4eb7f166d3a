/** What ACPI tells of the devices of `pc-1.0` (ACPI 6.5, chapters 5 and 6). */
import { SLEEP_TYPE_S5 } from '../../hw/pci/piix4-pm.ts';
import { PC_IRQ, PC_MAP, PC_PORTS } from '../pc-map.ts';
import * as A from './aml.ts';

const PCI_SLOTS = 32;
const PCI_PINS = 4;
const LINKS = ['LNKA', 'LNKB', 'LNKC', 'LNKD'] as const;
/** The PIIX3's route registers, as the DSDT names them. */
const ROUTES = ['PRQ0', 'PRQ1', 'PRQ2', 'PRQ3'] as const;
const ROUTE_REGISTERS = 0x60;
const ROUTE_OFF = 0x80;
/** ISA lines that a link may be routed to. */
const LINK_CHOICES = [5, 10, 11] as const;
/** Where the interrupt's number stands in a descriptor of one. */
const INTERRUPT_OFFSET = 5;

/** Registers of the floppy controller that are not only the PS/2's, and its DMA channel. */
const FLOPPY_FIRST = 2;
const FLOPPY_BYTES = 4;
const FLOPPY_DMA = 2;

/** Memory for PCI's registers, where nothing else is. */
const PCI_MEMORY = { first: 0x8000_0000, last: 0xfebf_ffff } as const;

/** The definition block of the DSDT. */
export function pcDsdt(): A.Aml {
  return [
    ...A.name(
      '\\_S5',
      A.packageOf(A.integer(SLEEP_TYPE_S5), A.integer(SLEEP_TYPE_S5), A.integer(0), A.integer(0)),
    ),
    ...A.scope('\\_SB', pciBus(), hpet(), fwCfg(), ...LINKS.map((_, i) => link(i))),
  ];
}

/** The definition block of an SSDT with the processors. */
export function pcProcessors(count: number): A.Aml {
  const processors = Array.from({ length: count }, (_, i) =>
    A.device(
      `C${i.toString(16).toUpperCase().padStart(3, '0')}`,
      A.name('_HID', A.string('ACPI0007')),
      A.name('_UID', A.integer(i)),
    ),
  );
  return A.scope('\\_SB', ...processors);
}

function pciBus(): A.Aml {
  const { vga } = PC_MAP;
  const { pciConfigAddress } = PC_PORTS;
  const routing: A.Aml[] = [];
  for (let slot = 0; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < PCI_PINS; pin++) {
      const address = A.integer(slot * 0x10000 + 0xffff);
      // As the board wires it: slot 1's INTA is the first line.
      routing.push(A.packageOf(address, A.integer(pin), A.path(LINKS[(slot + pin + 3) & 3]), A.integer(0)));
    }
  }
  return A.device(
    'PCI0',
    A.name('_HID', A.eisaId('PNP0A03')),
    A.name('_UID', A.integer(0)),
    A.name(
      '_CRS',
      A.resources(
        A.busNumbers(0, 0xff),
        A.ioPorts(pciConfigAddress, 8),
        A.ioRange(0, pciConfigAddress - 1),
        A.ioRange(0x0d00, 0xffff),
        A.memoryRange(vga.base, vga.base + vga.size - 1, true),
        A.memoryRange(PCI_MEMORY.first, PCI_MEMORY.last, false),
      ),
    ),
    A.name('_PRT', A.packageOf(...routing)),
    isaBridge(),
  );
}

function isaBridge(): A.Aml {
  return A.device(
    'ISA',
    A.name('_ADR', A.integer(0x0001_0000)),
    A.configBytes('P40C', ROUTE_REGISTERS, ROUTES),
    isaDevice('RTC', 'PNP0B00', A.ioPorts(PC_PORTS.rtc, 2), A.isaIrq(PC_IRQ.rtc)),
    isaDevice(
      'KBD',
      'PNP0303',
      A.ioPorts(PC_PORTS.keyboardData, 1),
      A.ioPorts(PC_PORTS.keyboardCommand, 1),
      A.isaIrq(PC_IRQ.keyboard),
    ),
    isaDevice('MOU', 'PNP0F13', A.isaIrq(PC_IRQ.mouse)),
    isaDevice(
      'FDC0',
      'PNP0700',
      // Its data register's neighbour at +6 is the disk controller's.
      A.ioPorts(PC_PORTS.floppy[0] + FLOPPY_FIRST, FLOPPY_BYTES),
      A.ioPorts(PC_PORTS.floppy[1], 1),
      A.isaIrq(PC_IRQ.floppy),
      A.isaDma(FLOPPY_DMA),
    ),
    ...PC_PORTS.com.map((port, i) =>
      A.device(
        `COM${i + 1}`,
        A.name('_HID', A.eisaId('PNP0501')),
        A.name('_UID', A.integer(i + 1)),
        A.name('_CRS', A.resources(A.ioPorts(port, 8), A.isaIrq(PC_IRQ.com[i]))),
      ),
    ),
  );
}

function isaDevice(where: string, id: string, ...descriptors: A.Aml[]): A.Aml {
  return A.device(where, A.name('_HID', A.eisaId(id)), A.name('_CRS', A.resources(...descriptors)));
}

function hpet(): A.Aml {
  return A.device(
    'HPET',
    A.name('_HID', A.eisaId('PNP0103')),
    A.name('_UID', A.integer(0)),
    A.name('_CRS', A.resources(A.fixedMemory(PC_MAP.hpet.base, PC_MAP.hpet.size))),
  );
}

/** Under the identifier that Linux's driver looks for. */
function fwCfg(): A.Aml {
  return A.device(
    'FWCF',
    A.name('_HID', A.string('QEMU0002')),
    A.name('_STA', A.integer(0x0b)),
    A.name('_CRS', A.resources(A.ioPorts(PC_PORTS.fwCfg, PC_PORTS.fwCfgDma + 8 - PC_PORTS.fwCfg))),
  );
}

/** A PCI interrupt link, which the guest may route (section 6.2.13). */
function link(index: number): A.Aml {
  const route = A.path(`\\_SB.PCI0.ISA.${ROUTES[index]}`);
  const buffer = A.path('PRR0');
  const number = A.path('PRRI');
  return A.device(
    LINKS[index],
    A.name('_HID', A.eisaId('PNP0C0F')),
    A.name('_UID', A.integer(index + 1)),
    A.name('_PRS', A.resources(A.levelInterrupt(...LINK_CHOICES))),
    A.method(
      '_STA',
      0,
      false,
      A.ifTrue(A.and(route, A.integer(ROUTE_OFF)), A.returns(A.integer(0x09))),
      A.returns(A.integer(0x0b)),
    ),
    A.method('_DIS', 0, false, A.store(A.integer(ROUTE_OFF), route)),
    A.method(
      '_CRS',
      0,
      true,
      A.name('PRR0', A.resources(A.levelInterrupt(0))),
      A.dwordField(buffer, INTERRUPT_OFFSET, 'PRRI'),
      A.ifTrue(A.less(route, A.integer(ROUTE_OFF)), A.store(route, number)),
      A.returns(buffer),
    ),
    A.method('_SRS', 1, false, A.dwordField(A.arg(0), INTERRUPT_OFFSET, 'PRRI'), A.store(number, route)),
  );
}
