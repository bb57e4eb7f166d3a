import { describe, expect, it } from 'vitest';
import { bootOrderBytes } from '../pc-cmos.ts';
import { parseBootOptions } from './boot-options.ts';

describe('-boot', () => {
  it('is hard disk, floppy, CD-ROM unless it says otherwise, as in QEMU', () => {
    expect(parseBootOptions(undefined)).toEqual({ order: 'cad', menu: false });
  });

  it('takes an order alone, or by name with the rest', () => {
    expect(parseBootOptions('dc').order).toBe('dc');
    expect(parseBootOptions('order=c,once=d,menu=on,splash-time=5000,reboot-timeout=-1,strict=off')).toEqual({
      order: 'c',
      once: 'd',
      menu: true,
      splashTime: 5000,
      rebootTimeout: -1,
    });
  });

  it.each(['', 'x', 'cc', 'order=', 'menu=yes', 'splash-time=70000', 'splash-time=1.5', 'speed=1', 'c,d'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseBootOptions(text)).toThrow(expect.objectContaining({ code: 'bad-config' }));
    },
  );

  it('comes to firmware in two bytes of CMOS memory, as QEMU’s monitor shows them for the default order', () => {
    expect(bootOrderBytes('cad')).toEqual({ 56: 0x30, 61: 0x12 });
  });
});
