/** A guest that generates fresh hot code without end: what the engine needs for it reaches a plateau and stays there. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { engineMemory } from '../scripts/lib/bench-memory.mjs';
import { assembleGuest, repository } from './support/images.ts';

/** SNOWGLOBE_SECONDS makes it another length. */
const SECONDS = Number(process.env.SNOWGLOBE_SECONDS ?? 240);
const LOOK_MS = 2000;
const RAM_MIB = 64;
/** Regions that may be alive at once: assembly/tb/region.ts has no descriptors for more. */
const REGIONS_MAX = 8192;
const MB = 1e6;

test('the memory of a guest that generates code for ever stays bounded', async ({
  browserName: _,
}, testInfo) => {
  mkdirSync(testInfo.outputDir, { recursive: true });
  const json = join(testInfo.outputDir, 'report.json');
  const guest = assembleGuest('generate', testInfo.outputDir);
  const child = spawn(
    process.execPath,
    [
      join(repository, 'bin/snowglobe.js'),
      ...['riscv64', '-m', String(RAM_MIB), '-bios', 'none', '-kernel', guest, '-nographic'],
      ...['--tier', 'jit', '--timeout', String(SECONDS), '--json', json],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const sizes: number[] = [];
  const looks = setInterval(() => {
    try {
      const { own, ram } = engineMemory(child.pid as number, RAM_MIB * 2 ** 20);
      sizes.push((own - ram) / MB);
    } catch {
      // The browser is not there yet, or has gone.
    }
  }, LOOK_MS);
  const status = await ended;
  clearInterval(looks);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  const { regions, events, fallbacks, tiers, instructions } = report;
  const third = Math.floor(sizes.length / 3);
  const greatest = (from: number, to: number) => Math.max(...sizes.slice(from, to));
  const [middle, last] = [greatest(third, 2 * third), greatest(2 * third, sizes.length)];
  const text = JSON.stringify({
    middle,
    last,
    sizes: sizes.map(Math.round),
    regions,
    events,
    fallbacks,
    tiers,
  });
  await testInfo.attach('measured', { body: text, contentType: 'application/json' });

  expect(status).toBe(124);
  // It did generate, compile and drop.
  expect(regions.compiled).toBeGreaterThan(3 * REGIONS_MAX);
  expect(regions.evicted).toBeGreaterThan(REGIONS_MAX);
  expect(tiers.jit).toBeGreaterThan(0.1 * instructions);
  const alive = regions.compiled - regions.evicted - events.regionsKilled;
  expect(alive).toBeGreaterThan(0);
  expect(alive).toBeLessThanOrEqual(REGIONS_MAX);
  expect(fallbacks.engineRefused).toBe(0);
  // Beyond guest RAM, without what other processes of the browser have too.
  expect(sizes.length).toBeGreaterThan(9);
  expect(last).toBeLessThan(middle * 1.15);
  expect(last).toBeLessThan(500);
});
