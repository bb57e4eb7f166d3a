import { expect, test } from 'vitest';
import type { Script } from '../command/cli-options.ts';
import { ScriptRunner } from './script.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function run(script: Script) {
  const sent: string[] = [];
  const counts = { done: 0 };
  const exchanged: (() => void)[] = [];
  const runner = new ScriptRunner(script, {
    send: (data) => sent.push(new TextDecoder().decode(data)),
    act: (step) => {
      sent.push('monitor' in step ? step.monitor : `${step.drive}: ${step.file}`);
      return new Promise((resolve) => exchanged.push(resolve));
    },
    done: () => {
      counts.done += 1;
    },
  });
  runner.start();
  return { runner, sent, counts, exchanged };
}

test('types what precedes the first expectation at once, and the rest after its match', () => {
  const { runner, sent, counts } = run([
    { send: bytes('one') },
    { expect: /\$ /u },
    { send: bytes('two') },
    { send: bytes('three') },
    { expect: /ok/u },
  ]);
  expect(sent).toEqual(['one']);
  runner.output(bytes('boot $'), 10);
  expect(sent).toEqual(['one']);
  runner.output(bytes(' '), 20);
  expect(sent).toEqual(['one', 'two', 'three']);
  expect(counts.done).toBe(0);
  runner.output(bytes('ok'), 30);
  expect(counts.done).toBe(1);
  expect(runner.expectMs).toEqual([20, 30]);
});

test('a medium is exchanged and the monitor asked after what precedes them, and the script goes on when that has happened', async () => {
  const { runner, sent, counts, exchanged } = run([
    { expect: /# /u },
    { drive: 'ide1-cd0', file: 'second.iso' },
    { send: bytes('mount') },
    { expect: /# /u },
    { monitor: 'info block' },
    { expect: /gone/u },
  ]);
  expect(sent).toEqual([]);
  runner.output(bytes('# # '), 1);
  expect(sent).toEqual(['ide1-cd0: second.iso']);
  exchanged[0]();
  await Promise.resolve();
  expect(sent.slice(1)).toEqual(['mount', 'info block']);
  runner.output(bytes('gone'), 2);
  expect(counts.done).toBe(0);
  exchanged[1]();
  await Promise.resolve();
  expect(counts.done).toBe(1);
});

test('the same prompt expected twice must come twice', () => {
  const { runner, counts } = run([{ expect: /# /u }, { expect: /# /u }]);
  runner.output(bytes('/ # '), 1);
  expect(runner.pending).toBeDefined();
  runner.output(bytes('ls\r\n/ # '), 2);
  expect(runner.pending).toBeUndefined();
  expect(counts.done).toBe(1);
});

test('two expectations can match in one batch', () => {
  const { runner, counts } = run([{ expect: /a/u }, { expect: /b/u }]);
  runner.output(bytes('xaybz'), 5);
  expect(runner.expectMs).toEqual([5, 5]);
  expect(counts.done).toBe(1);
});

test('a match must come after the previous one', () => {
  const { runner, counts } = run([{ expect: /b/u }, { expect: /a/u }]);
  runner.output(bytes('ab'), 1);
  expect(counts.done).toBe(0);
});

test('a script that ends in --send does not end the run', () => {
  const { runner, sent, counts } = run([{ expect: /# /u }, { send: bytes('poweroff\n') }]);
  runner.output(bytes('# '), 1);
  expect(sent).toEqual(['poweroff\n']);
  expect(counts.done).toBe(0);
  expect(runner.pending).toBeUndefined();
});

test('characters split between batches are put together', () => {
  const { runner, counts } = run([{ expect: /✓/u }]);
  const [first, ...rest] = bytes('✓');
  runner.output(Uint8Array.of(first), 1);
  runner.output(Uint8Array.from(rest), 2);
  expect(counts.done).toBe(1);
});

test('a flood without a match does not grow without bound, and a late match is found', () => {
  const { runner, counts } = run([{ expect: /needle/u }]);
  for (let i = 0; i < 100; i++) runner.output(bytes('x'.repeat(10_000)), i);
  runner.output(bytes('need'), 100);
  runner.output(bytes('le'), 101);
  expect(counts.done).toBe(1);
});

test('an empty script never ends the run', () => {
  const { runner, counts } = run([]);
  runner.output(bytes('anything'), 1);
  expect(counts.done).toBe(0);
  expect(runner.pending).toBeUndefined();
});
