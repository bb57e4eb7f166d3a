/** Tier check on a live guest: firmware and the first seconds of a Linux boot in both tiers. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { snowglobe } from './support/command.ts';
import { image } from './support/images.ts';

test('Debian boots to its first messages with no difference between the tiers', async ({
  browserName: _,
}, testInfo) => {
  const { kernel, initrd } = image('riscv64-debian');
  mkdirSync(testInfo.outputDir, { recursive: true });
  const json = join(testInfo.outputDir, 'report.json');
  const result = await snowglobe([
    ...['riscv64', '-m', '512', '-kernel', kernel as string, '-initrd', initrd as string],
    ...['-append', 'console=ttyS0', '-nographic', '--tier', 'check', '--timeout', '600'],
    ...['--expect', 'Linux version', '--expect', 'Freeing initrd memory', '--json', json],
  ]);
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  expect(report.outcome).toBe('expect');
  expect(report.tiers.jit).toBeGreaterThan(0.9 * report.instructions);
  expect(report.events.checked).toBeGreaterThan(0.9 * report.tiers.jit);
});

test('SeaBIOS starts with no difference between the tiers, in real mode, protected mode and system management mode', async ({
  browserName: _,
}, testInfo) => {
  mkdirSync(testInfo.outputDir, { recursive: true });
  const json = join(testInfo.outputDir, 'report.json');
  const result = await snowglobe([
    ...['i386', '-m', '64', '-nographic', '--tier', 'check', '--timeout', '300'],
    ...['--expect', 'Booting from', '--json', json],
  ]);
  expect(result.status).toBe(0);
  expect(JSON.parse(readFileSync(json, 'utf8')).events.checked).toBeGreaterThan(1_000_000);
});
