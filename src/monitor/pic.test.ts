import { expect, it } from 'vitest';
import { picText } from './pic.ts';

it('`info pic` tells the controllers’ state as QEMU does', () => {
  const pics = new Uint8Array(64);
  const ioapic = new Uint8Array(16 + 24 * 8);
  const view = new DataView(ioapic.buffer);
  for (let pin = 0; pin < 24; pin++) view.setBigUint64(16 + pin * 8, 0x10000n, true);
  // Recorded from QEMU 7.2, `qemu-system-x86_64 -M pc`, while SeaBIOS waits.
  pics.set([0x10, 0xb8, 0, 0, 0x08], 0);
  pics.set([0, 0x8e, 0, 0, 0x70], 32);
  pics[32 + 14] = 0x0c;
  const lines = picText({ pics, ioapic }).split('\n');
  expect(lines[0]).toBe('ioapic0: ver=0x20 id=0x00 sel=0x00');
  expect(lines[1]).toBe('  pin 0  0x0000000000010000 dest=0 vec=0   active-hi edge  masked fixed  physical');
  expect(lines.slice(-5)).toEqual([
    '  pin 23 0x0000000000010000 dest=0 vec=0   active-hi edge  masked fixed  physical',
    '  IRR      (none)',
    '  Remote IRR (none)',
    'pic1: irr=00 imr=8e isr=00 hprio=0 irq_base=70 rr_sel=0 elcr=0c fnm=0',
    'pic0: irr=10 imr=b8 isr=00 hprio=0 irq_base=08 rr_sel=0 elcr=00 fnm=0',
  ]);
  // A level-triggered input in service, for all processors of group 1, selected.
  view.setUint32(0, 0x26, true);
  view.setUint32(12, 1 << 11, true);
  view.setBigUint64(16 + 11 * 8, 0x010000000000e939n | 0x800n, true);
  const busy = picText({ pics, ioapic }).split('\n');
  expect(busy[0]).toBe('ioapic0: ver=0x20 id=0x00 sel=0x26 (redir[11])');
  expect(busy[12]).toBe('  pin 11 0x010000000000e939 dest=1 vec=57  active-lo level        lowest logical');
  expect(busy.slice(25, 27)).toEqual(['  IRR      11', '  Remote IRR 11']);
});
