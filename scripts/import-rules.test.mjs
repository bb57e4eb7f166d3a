import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importErrors, references } from './check-imports.mjs';
import { root } from './lib/project.mjs';

/**
 * Who may import whom (docs/architecture.md). The compiler refuses what a folder refers to neither itself nor through another;
 * scripts/check-imports.mjs refuses what it does not refer to itself.
 */
const MAY_IMPORT = {
  core: [],
  command: ['core'],
  memory: ['core'],
  block: ['core', 'memory'],
  net: ['core', 'memory'],
  hw: ['core', 'memory', 'block', 'net'],
  worker: ['core', 'memory'],
  monitor: ['core', 'memory', 'hw'],
  machine: ['core', 'memory', 'block', 'net', 'hw', 'worker', 'monitor'],
  display: ['core', 'memory'],
  sound: ['core'],
  element: ['core', 'memory', 'block', 'net', 'worker', 'machine', 'display', 'sound'],
  app: ['core', 'command', 'block', 'machine', 'element'],
  img: ['core', 'block'],
  cli: ['core', 'command', 'block', 'img'],
  playwright: ['core', 'cli'],
};
const FOLDERS = Object.keys(MAY_IMPORT);
const SEE_THE_DOM = ['display', 'sound', 'element', 'app'];
const RUN_IN_NODE = ['img', 'cli', 'playwright'];

let dir;
let output;

/** Compiles a copy of the projects whose only sources are one probe for each import and each global. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'import-rules-'));
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  cpSync(join(root, 'tsconfig.base.json'), join(dir, 'tsconfig.base.json'));
  cpSync(join(root, 'src', 'assets.d.ts'), join(dir, 'src', 'assets.d.ts'));
  const write = (path, text) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  write(
    'tsconfig.json',
    JSON.stringify({ files: [], references: FOLDERS.map((folder) => ({ path: `src/${folder}` })) }),
  );
  for (const folder of FOLDERS) {
    cpSync(join(root, 'src', folder, 'tsconfig.json'), join(dir, 'src', folder, 'tsconfig.json'));
    write(`src/${folder}/own.ts`, `export const ${folder} = 1;\n`);
    write(`src/${folder}/deep/dom.ts`, 'export const title: string = document.title;\n');
    write(`src/${folder}/deep/node.ts`, 'export const arch: string = process.arch;\n');
    for (const other of FOLDERS.filter((name) => name !== folder)) {
      write(
        `src/${folder}/deep/imports-${other}.ts`,
        `import { ${other} } from '../../${other}/own.ts';\nexport const value = ${other};\n`,
      );
    }
  }
  const compile = () =>
    spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', '--pretty', 'false'], {
      cwd: dir,
      encoding: 'utf8',
    });
  output = compile().stdout;
}, 60_000);

afterAll(() => rmSync(dir, { recursive: true }));

/** What a folder refers to, itself or through another. */
const reachable = (folder) => [
  ...new Set(MAY_IMPORT[folder].flatMap((other) => [other, ...reachable(other)])),
];

const fails = (path) => output.split('\n').some((line) => line.startsWith(`${path}(`));

describe('the import rules', () => {
  it('know every folder of src/', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).toEqual([...FOLDERS].sort());
    const listed = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).references;
    for (const folder of FOLDERS) expect(listed).toContainEqual({ path: `./src/${folder}` });
  });

  it('are those that docs/architecture.md lists', () => {
    const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    const [, table] = /\| May import \|\n.*\n((?:\|.*\n)+)/.exec(text);
    const names = (cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const listed = table
      .trim()
      .split('\n')
      .map((row) => row.split('|').slice(1, 3).map(names))
      .flatMap(([folders, others]) => folders.map((folder) => [folder, others]));
    expect(Object.fromEntries(listed)).toEqual(MAY_IMPORT);
  });

  it.each(FOLDERS)('%s refers to what it may import and to nothing else', (folder) => {
    expect(references(folder).sort()).toEqual([...MAY_IMPORT[folder]].sort());
  });

  it.each(FOLDERS)('%s compiles with what it refers to, and never with a layer above it', (folder) => {
    expect(fails(`src/${folder}/own.ts`)).toBe(false);
    const below = reachable(folder);
    for (const other of FOLDERS.filter((name) => name !== folder)) {
      expect([other, fails(`src/${folder}/deep/imports-${other}.ts`)]).toEqual([
        other,
        !below.includes(other),
      ]);
    }
  });

  it('hw does not compile with the board that uses it', () => {
    expect(output).toMatch(/src\/hw\/deep\/imports-machine\.ts\(1,\d+\): error TS6307/);
    expect(output).toMatch(/src\/hw\/deep\/dom\.ts\(1,\d+\): error TS2584: Cannot find name 'document'/);
  });

  it.each([
    [
      'src/app/a.ts',
      "import { View } from '../memory/guest-memory.ts';",
      'src/app must not import src/memory',
    ],
    ['src/app/b/a.ts', "export type { X } from '../../hw/uart.ts';", 'src/app must not import src/hw'],
    ['src/hw/char/a.ts', "\n\nimport '../../machine/board.ts';", 'src/hw must not import src/machine'],
    ['src/hw/char/a.ts', "await import('../../machine/board.ts');", 'src/hw must not import src/machine'],
    ['assembly/softmmu/a.ts', "import { x } from '../guest/riscv/mmu';", 'assembly/softmmu must not import'],
  ])('the check finds the import in %s', (path, text, message) => {
    expect(importErrors([{ path, text }], references)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['src/hw/char/a.ts', "import { x } from '../../memory/slots.ts'; import '../rtc/goldfish-rtc.ts';"],
    ['src/element/a.ts', "import url from '../../build/core.wasm?url'; import { wrap } from 'comlink';"],
    ['assembly/softmmu/a.ts', "import { x } from '../vcpu/state';"],
  ])('the check allows those in %s', (path, text) => {
    expect(importErrors([{ path, text }], references)).toEqual([]);
  });

  it.each(FOLDERS)('%s sees the DOM and Node only if it may', (folder) => {
    expect(fails(`src/${folder}/deep/dom.ts`)).toBe(!SEE_THE_DOM.includes(folder));
    expect(fails(`src/${folder}/deep/node.ts`)).toBe(!RUN_IN_NODE.includes(folder));
  });
});
