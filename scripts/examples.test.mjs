// The examples have types, and the types for React and Vue know the element's attributes and events.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './lib/project.mjs';

/** What the compiler says of a project. */
function problems(project) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', project, '--pretty', 'false'], { encoding: 'utf8' })
    .stdout;
}

it.each(['react', 'vue'])('examples/%s is typed', (name) => {
  expect(problems(join(root, 'examples', name))).toBe('');
});

it('attributes and events that there are not are refused', () => {
  const folder = join(root, 'build', `examples-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../examples/react/tsconfig.json', include: ['*.tsx'] }),
    );
    writeFileSync(
      join(folder, 'wrong.tsx'),
      `import type {} from 'snowglobe/react';
import type {} from 'snowglobe/vue';
import type { GlobalComponents } from 'vue';
export const right = <vm-console arch="i386" autostart onvm-exit={({ detail }) => detail.code} />;
export const kernal = <vm-console arch="i386" kernal="x" />;
export const scaling = <vm-console scaling="huge" />;
export const detail = <vm-console onvm-exit={({ detail }) => detail.status} />;
type Props = InstanceType<GlobalComponents['vm-console']>['$props'];
export const good: Props = { view: 'both', onVmExit: ({ detail }) => detail.code };
export const bad: Props = { view: 'neither' };
`,
    );
    const lines = problems(folder)
      .trim()
      .split('\n')
      .filter((line) => /^\S.*error TS/.test(line));
    expect(lines.map((line) => Number(/wrong\.tsx\((\d+),/.exec(line)?.[1]))).toEqual([5, 6, 7, 10]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
