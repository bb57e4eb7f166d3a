/** Examples in the documents are read by the same parsers that a person's own command lines and files are. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseVmTest } from '../src/cli/vmtest/parse.ts';
import { parseTestOptions } from '../src/cli/vmtest/test-options.ts';
import { parseCommand } from '../src/command/options.ts';
import { shellWords } from '../src/command/shell-words.ts';
import { configFromText, VM_OPTIONS } from '../src/element/options.ts';
import { root } from './lib/project.mjs';

const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Fenced blocks: [document:line, text]. */
const blocks = documents.flatMap((name) => {
  const text = readFileSync(join(root, name), 'utf8');
  return [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map((match) => [
    `${name}:${text.slice(0, match.index).split('\n').length + 1}`,
    match[1],
  ]);
});

/** A statement of a .vmtest file begins a line of it. */
const isVmTest = (text) =>
  /^(expect|send|test|timeout) /m.test(text) && /^(snowglobe|qemu-system-\w+) /m.test(text);

const commands = blocks.flatMap(([place, text]) =>
  isVmTest(text)
    ? []
    : text
        .replaceAll(/\\\n\s*/g, '')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => /^(npx )?snowglobe (test\b|riscv64|i386|x86_64)/.test(line))
        .map((line) => [place, line]),
);

describe('command lines', () => {
  it('are found', () => expect(commands.length).toBeGreaterThan(8));

  it.each(commands)('%s: %s', (_, line) => {
    // “…” stands for what a reader fills in.
    const words = shellWords(line.replaceAll(' … ', ' ').replace(/ …$/, '')).map(({ text }) => text);
    const args = words.slice(words.indexOf('snowglobe') + 1);
    if (args[0] === 'test') expect(() => parseTestOptions(args.slice(1), {})).not.toThrow();
    else expect(parseCommand(args).kind).toBe('run');
  });
});

const tests = blocks.filter(([, text]) => isVmTest(text));

describe('.vmtest files', () => {
  it('are found', () => expect(tests.length).toBeGreaterThan(0));

  it.each(tests)('%s', (_, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'docs-examples-'));
    try {
      // The files that an example names are its reader's own.
      for (const [, name] of text.matchAll(/-(?:kernel|initrd|hda|cdrom) (\S+)/g))
        writeFileSync(join(folder, name), 'x');
      const path = join(folder, 'example.vmtest');
      expect(parseVmTest(path, text)).not.toBeInstanceOf(Array);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const elements = blocks.flatMap(([place, text]) =>
  [...text.matchAll(/<vm-console\b([^>]*)>/g)].map((match) => [place, match[1]]),
);

describe('elements', () => {
  it('are found', () => expect(elements.length).toBeGreaterThan(1));

  it.each(elements)('%s:%s', (_, attributes) => {
    const given = new Map(
      [...attributes.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value = '']) => [name, value]),
    );
    const options = VM_OPTIONS.filter(({ attribute }) => given.has(attribute));
    const config = configFromText(
      ({ attribute }) => given.get(attribute) ?? null,
      ({ attribute }) => attribute,
    );
    for (const { key } of options) expect(config).toHaveProperty(key);
  });
});
