/** `info pic`: a PC's interrupt controllers as they are, in QEMU's words (hw/intc/i8259_common.c, ioapic_common.c of 7.2). */

/** What the worker has of a PC's interrupt controllers: a copy of its state, laid out as assembly/irqchip/pic.ts and ioapic.ts say. */
export interface PcInterruptState {
  pics: Uint8Array;
  ioapic: Uint8Array;
}

const PIC_STRIDE = 32;
/** Bytes of a chip: requests, mask, in service, input of highest priority, first vector, what a read gives; special nesting, levels. */
const PIC = { irr: 0, imr: 1, isr: 2, top: 3, vector: 4, select: 5, nested: 11, elcr: 14 } as const;

const PINS = 24;
/** Words: IOREGSEL, ID, levels, requests that wait; then the pins' entries, 64 bits each. */
const IOAPIC = { select: 0, id: 4, requests: 12, entries: 16 } as const;
const FIRST_ENTRY = 0x10;
/** The ID in its register (82093AA, 3.2.1). */
const ID_SHIFT = 24;
const VERSION = 0x20;
const LOGICAL = 0x800n;
const LOW = 0x2000n;
const REMOTE_IRR = 0x4000n;
const LEVEL = 0x8000n;
const MASKED = 0x10000n;
const DELIVERY = ['fixed', 'lowest', 'SMI', '...', 'NMI', 'INIT', '...', 'extINT'] as const;

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0');

function pins(name: string, which: number): string {
  const found = Array.from({ length: PINS }, (_, pin) => pin).filter((pin) => which & (1 << pin));
  return `${name.padEnd(10)} ${found.length > 0 ? found.map((pin) => String(pin).padEnd(2)).join(' ') : '(none)'}`;
}

function ioapicLines(state: Uint8Array): string[] {
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const select = view.getUint32(IOAPIC.select, true);
  const id = (view.getUint32(IOAPIC.id, true) >>> ID_SHIFT) & 0xf;
  const redirection = select >= FIRST_ENTRY ? ` (redir[${(select - FIRST_ENTRY) >> 1}])` : '';
  const lines = [
    `ioapic0: ver=0x${hex(VERSION, 2)} id=0x${hex(id, 2)} sel=0x${hex(select, 2)}${redirection}`,
  ];
  let remote = 0;
  for (let pin = 0; pin < PINS; pin++) {
    const entry = view.getBigUint64(IOAPIC.entries + pin * 8, true);
    const has = (bits: bigint): boolean => (entry & bits) !== 0n;
    if (has(LEVEL) && has(REMOTE_IRR)) remote |= 1 << pin;
    const destination = (entry >> 56n) & (has(LOGICAL) ? 0xffn : 0xfn);
    lines.push(
      [
        `  pin ${String(pin).padEnd(2)} 0x${hex(entry, 16)} dest=${hex(destination, 1)}`,
        `vec=${String(entry & 0xffn).padEnd(3)} ${has(LOW) ? 'active-lo' : 'active-hi'}`,
        (has(LEVEL) ? 'level' : 'edge').padEnd(5),
        (has(MASKED) ? 'masked' : '').padEnd(6),
        DELIVERY[Number((entry >> 8n) & 7n)].padEnd(6),
        has(LOGICAL) ? 'logical' : 'physical',
      ].join(' '),
    );
  }
  return [...lines, pins('  IRR', view.getUint32(IOAPIC.requests, true)), pins('  Remote IRR', remote)];
}

function picLine(number: number, state: Uint8Array): string {
  const byte = (field: keyof typeof PIC): number => state[number * PIC_STRIDE + PIC[field]];
  const two = (field: keyof typeof PIC): string => hex(byte(field), 2);
  return `pic${number}: irr=${two('irr')} imr=${two('imr')} isr=${two('isr')} hprio=${byte('top')} irq_base=${two('vector')} rr_sel=${byte('select')} elcr=${two('elcr')} fnm=${byte('nested')}`;
}

export function picText({ pics, ioapic }: PcInterruptState): string {
  return [...ioapicLines(ioapic), picLine(1, pics), picLine(0, pics)].join('\n');
}
