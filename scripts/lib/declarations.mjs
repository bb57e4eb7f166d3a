// What the type declarations of the build declare, and what documents say of it: for the tests of the public interfaces.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vite';
import { root } from './project.mjs';

/** The text of a file of the repository. */
export const read = (path) => readFileSync(join(root, path), 'utf8');

/** The texts of all files below a folder whose paths a pattern finds. */
export const filesOf = (folder, pattern) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => read(join(folder, name)))
    .join('\n');

export const all = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);
export const unique = (names) => [...new Set(names)].sort();

/** Names of which a pattern finds nothing in a text. */
export const without = (names, text, patternOf) => names.filter((name) => !patternOf(name).test(text));

/** A section of a document, up to the next heading of any level at least as high. @throws Error if there is none */
export function sectionOf(document, title) {
  const heading = new RegExp(`^(#{2,3}) ${title}$`, 'm').exec(document);
  if (!heading) throw new Error(`the document has no section "${title}"`);
  const text = document.slice(heading.index + heading[0].length);
  const end = text.search(new RegExp(`^#{2,${heading[1].length}} `, 'm'));
  return end < 0 ? text : text.slice(0, end);
}

/** What a text has in backticks in the first cells of its tables, from the table with this heading on to its end. */
export function firstCells(text, heading) {
  const lines = text.slice(text.indexOf(heading)).split('\n').slice(2);
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  return rows.flatMap((row) => all(row.split('|')[1], /`([^`]+)`/g));
}

/** The statements of a declaration file of the build: `element/index`. */
function declarations(name) {
  const text = read(`build/ts/${name}.d.ts`);
  const { body } = parseAst(text, { lang: 'dts', range: true });
  return { text, body };
}

/** Public members of a class or interface, and whether a comment stands before each. */
export function publicMembers(file, type, name) {
  const { text, body: statements } = declarations(file);
  const found = statements
    .map((statement) => statement.declaration ?? statement)
    .find((declaration) => declaration.type === type && declaration.id?.name === name);
  if (!found) throw new Error(`${file} declares no ${name}`);
  let end = found.body.start;
  return found.body.body.flatMap((member) => {
    const comment = text.slice(end, member.start);
    end = member.end;
    const key = member.key?.name ?? member.key?.value;
    if (!key || key === 'constructor' || member.key.type === 'PrivateIdentifier') return [];
    return comment.includes('@internal') ? [] : [{ key, comment: comment.includes('/**') }];
  });
}

/** Names that a module exports, types too. */
export function exportedNames(file) {
  return unique(
    declarations(file).body.flatMap(
      ({ specifiers }) => specifiers?.map(({ exported }) => exported?.name) ?? [],
    ),
  ).filter(Boolean);
}
