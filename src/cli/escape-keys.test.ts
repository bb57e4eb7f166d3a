import { expect, test } from 'vitest';
import { EscapeKeys } from './escape-keys.ts';

const feed = (keys: EscapeKeys, text: string) => {
  const { data, commands } = keys.feed(Buffer.from(text, 'latin1'));
  return { data: Buffer.from(data).toString('latin1'), commands };
};

test('passes everything but Ctrl-A to the guest, Ctrl-C included', () => {
  expect(feed(new EscapeKeys(), 'ls\r\x03\x1b[A\xff')).toEqual({ data: 'ls\r\x03\x1b[A\xff', commands: [] });
});

test('Ctrl-A is kept across batches', () => {
  const keys = new EscapeKeys();
  expect(feed(keys, 'a\x01')).toEqual({ data: 'a', commands: [] });
  expect(feed(keys, 'xb')).toEqual({ data: 'b', commands: ['quit'] });
});

test('Ctrl-A twice sends it once; h and ? ask for help; other keys are swallowed', () => {
  expect(feed(new EscapeKeys(), '\x01\x01')).toEqual({ data: '\x01', commands: [] });
  expect(feed(new EscapeKeys(), '\x01h\x01?\x01c\x01z')).toEqual({
    data: '',
    commands: ['help', 'help', 'monitor', 'unknown'],
  });
});
