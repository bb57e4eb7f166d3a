import { expect, it } from 'vitest';
import { FakeShadow } from '../../../tests/support/device-env.ts';
import { DebugCon } from '../char/debugcon.ts';
import { IsaDebugExit } from './isa-debug-exit.ts';

it('ends the machine with an odd status (QEMU: (value << 1) | 1)', () => {
  const codes: number[] = [];
  const [port] = new IsaDebugExit({ power: { powerOff: (code) => void codes.push(code), reset() {} } })
    .regions;
  port.write(0, 1, 0);
  port.write(0, 1, 0x10);
  port.write(0, 2, 0xffff);
  expect(codes).toEqual([1, 0x21, 0x1ffff]);
  expect(port.read(0, 1)).toBe(0);
});

it('gives out what is written to the debug console by lines, and long lines in pieces', () => {
  const lines: string[] = [];
  const shadow = new FakeShadow();
  const [port] = new DebugCon({ shadow, line: (text) => void lines.push(text) }).regions;
  for (const byte of Buffer.from('one\r\ntwo\n\nthree')) port.write(0, 1, byte);
  expect(lines).toEqual(['one', 'two', '']);
  expect(shadow.values.get(0)).toBe(0xe9);
  for (let i = 0; i < 5000; i++) port.write(0, 1, 0x78);
  expect(lines.slice(3).map((line) => line.length)).toEqual([1024, 1024, 1024, 1024]);
});
