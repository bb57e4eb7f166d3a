/** Registers and memory window against QEMU's, access by access: tests/fixtures/qemu.txt, recorded by scripts/gen-vga-fixtures.mjs. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadVga, type TestVga } from './tests/module.ts';

const sections = new Map<string, string[]>();
const fixture = readFileSync(new URL('./tests/fixtures/qemu.txt', import.meta.url), 'utf8');
for (const part of fixture.split(/^\[/m).slice(1)) {
  const [name, ...steps] = part.trimEnd().split('\n');
  sections.set(name!.slice(0, -1), steps);
}

describe('VGA against QEMU', () => {
  let vga: TestVga;
  beforeAll(async () => {
    vga = await loadVga();
  }, 120_000);

  // The sections go on from one another's state, as they did in QEMU.
  it.each([...sections])('%s', (_name, steps) => {
    const differences: string[] = [];
    for (const step of steps) {
      const [kind, ...words] = step.split(' ');
      const [a, b] = words.map((word) => Number.parseInt(word, 16));
      const expected = Number.parseInt(words.at(-1)!, 16);
      if (kind === 'out') vga.out8(a!, b!);
      else if (kind === 'write') vga.write8(a!, b!);
      else {
        const value = kind === 'read' ? vga.read8(a!) : vga.in8(a!);
        if (kind !== 'status' && value !== expected) differences.push(`${step}, not ${value.toString(16)}`);
      }
    }
    expect(differences.slice(0, 5)).toEqual([]);
    expect(steps.length).toBeGreaterThan(500);
  });
});
