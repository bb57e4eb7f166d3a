// Import rules that the compiler does not hold to. TypeScript lets a project see what its references refer to; here a folder of
// src/ may import only what its own tsconfig.json names. AssemblyScript has no projects, so its rules are stated here.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, say } from './lib/console.mjs';
import { listFiles, root, shown } from './lib/project.mjs';

/** Folders of assembly/ and what they must never import: docs/architecture.md says why. */
const BANNED = {
  ir: ['guest', 'backend'],
  guest: ['backend'],
  backend: ['guest'],
  softmmu: ['guest'],
  tb: ['guest'],
  vcpu: ['guest'],
  irqchip: ['guest'],
};

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)['"](\.[^'"]+)['"]/g;

/** The folders below `base` that a source imports from, other than its own: [folder, line] pairs. */
function importedFolders(path, text, base) {
  const own = path.split('/')[1];
  const found = [];
  for (const match of text.matchAll(IMPORT)) {
    const target = join('/', path, '..', match[1]).slice(1);
    const [top, folder, rest] = target.split('/');
    if (top !== base || rest === undefined || folder === own) continue;
    found.push([folder, text.slice(0, match.index).split('\n').length]);
  }
  return found;
}

/** Every import that breaks a rule, in words. `dir` is the root of the tree to look at. */
export function importErrors(sources, referencesOf) {
  const errors = [];
  for (const { path, text } of sources) {
    const [base, folder] = path.split('/');
    for (const [other, line] of importedFolders(path, text, base)) {
      const allowed =
        base === 'src' ? referencesOf(folder).includes(other) : !BANNED[folder]?.includes(other);
      if (!allowed) errors.push(`${path}:${line}: ${base}/${folder} must not import ${base}/${other}`);
    }
  }
  return errors;
}

/** The folders that a folder of src/ refers to in its tsconfig.json. */
export function references(folder) {
  const path = join(root, 'src', folder, 'tsconfig.json');
  if (!existsSync(path)) return [];
  return JSON.parse(readFileSync(path, 'utf8')).references.map((reference) => reference.path.slice(3));
}

if (process.argv[1] && shown(process.argv[1]) === 'scripts/check-imports.mjs') {
  await main(() => {
    // Tests may take what they need; a worker's entry is named by URL from wherever it is started.
    const files = listFiles(
      ['src', 'assembly'],
      (path) => /\/.+\/.+\.ts$/.test(path) && !/\.test\.ts$|\/tests\//.test(path),
    );
    const sources = files.map((path) => ({ path: shown(path), text: readFileSync(path, 'utf8') }));
    const errors = importErrors(sources, references);
    for (const error of errors) say(error);
    if (errors.length === 0) say(`${files.length} sources keep the import rules`);
    return errors.length === 0 ? 0 : 1;
  });
}
