import { describe, expect, it } from 'vitest';
import { driveWords, parseDrives } from './drive-text.ts';

describe('drives as text', () => {
  it('are read with the types of their properties, and written as they are read', () => {
    const text =
      'file=debian.json,if=virtio,persist=My%20disk,werror=stop file=a%2Cb.img,index=1,readonly=on,snapshot=off';
    const drives = parseDrives(` ${text}\n`, 'drive');
    expect(drives).toEqual([
      { file: 'debian.json', interface: 'virtio', persist: 'My disk', werror: 'stop' },
      { file: 'a,b.img', index: 1, readOnly: true, snapshot: false },
    ]);
    expect(driveWords(drives).join(' ')).toBe(text);
  });

  it('leave out images that no address names', () => {
    expect(driveWords([{ file: new Uint8Array(1) }, { persist: 'x', interface: 'virtio' }])).toEqual([
      'if=virtio,persist=x',
    ]);
  });

  it.each([
    ['disk.img', '"disk.img" is no property'],
    ['size=3', '"size=3" is no property'],
    ['file=a,readonly=yes', 'readonly is on or off'],
    ['index=x', 'index is a number'],
    ['constructor=1', 'is no property'],
  ])('refuses %s', (text, message) => {
    expect(() => parseDrives(text, 'drive')).toThrow(message);
  });
});
