// Every relative link of the documentation leads somewhere: the file exists, and so does the heading after a #. Paths in backticks that
// begin with a folder of this repository exist too.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './lib/project.mjs';

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
];

/** `path` in backticks counts as a link if it begins with one of these. Build outputs are not there in a fresh clone. */
const FOLDERS = /^(assembly|src|scripts|images|docs|e2e|tests|public|bin)\//;

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '');

/** GitHub's anchor of a heading. */
const anchor = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const anchorsOf = (path) =>
  [...withoutCode(readFileSync(path, 'utf8')).matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchor(match[1]));

/** Targets of links and images that stay in the repository. */
function relativeLinks(text) {
  return [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)]
    .map((match) => match[1])
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** Paths in backticks; those with a placeholder or a wildcard (<name>, *, …) name no single file. */
function quotedPaths(text) {
  return [...withoutCode(text).matchAll(/`([^`\s]+)`/g)]
    .map((match) => match[1])
    .filter((path) => FOLDERS.test(path) && !/[<>*{}…]/.test(path));
}

/** What is wrong with a document's links, in words. */
function brokenLinks(path, text) {
  const broken = [];
  for (const target of relativeLinks(text)) {
    const [file, heading] = target.split('#');
    const full = file === '' ? join(root, path) : join(root, dirname(path), file);
    if (relative(root, full).startsWith('..')) broken.push(`${target}: leaves the repository`);
    else if (!existsSync(full)) broken.push(`${target}: no such file`);
    else if (heading !== undefined && !anchorsOf(full).includes(heading))
      broken.push(`${target}: no such heading`);
  }
  for (const quoted of quotedPaths(text)) {
    if (!existsSync(join(root, quoted))) broken.push(`\`${quoted}\`: no such file`);
  }
  return broken;
}

describe('documentation', () => {
  it.each(DOCUMENTS)('%s links to what exists', (path) => {
    expect(brokenLinks(path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
  });

  it('is reached from README.md', () => {
    const seen = new Set(['README.md']);
    for (const path of seen) {
      for (const target of relativeLinks(readFileSync(join(root, path), 'utf8'))) {
        const next = join(dirname(path), target.split('#')[0]);
        if (next.endsWith('.md') && existsSync(join(root, next))) seen.add(next);
      }
    }
    expect(DOCUMENTS.filter((path) => !seen.has(path))).toEqual([]);
  });

  it('would be found wanting', () => {
    const text =
      '[a](missing.md) [b](../README.md#no-such-heading) [c](../../etc/passwd) `src/nowhere.ts` [d](../README.md)';
    expect(brokenLinks('docs/x.md', text)).toEqual([
      'missing.md: no such file',
      '../README.md#no-such-heading: no such heading',
      '../../etc/passwd: leaves the repository',
      '`src/nowhere.ts`: no such file',
    ]);
  });
});
