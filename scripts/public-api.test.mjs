// The component's public API has types, documentation and tests without exception: what there is comes from the type declarations of the build and
// from the sources' markup, what is said of it from docs/vm-console.md, what is tried from the tests.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VM_OPTIONS } from '../src/element/options.ts';
import {
  all,
  exportedNames,
  filesOf,
  firstCells,
  publicMembers,
  read,
  sectionOf,
  unique,
  without,
} from './lib/declarations.mjs';
import { root } from './lib/project.mjs';

const docs = read('docs/vm-console.md');
const tests = filesOf('e2e', /\.ts$/) + filesOf('src/element', /\.test\.ts$/);
const sources = readdirSync(join(root, 'src/element'))
  .filter((name) => /\.ts$/.test(name) && !/\.test\.ts$/.test(name))
  .map((name) => read(`src/element/${name}`))
  .join('\n');

const section = (title) => sectionOf(docs, title);
const membersOf = (file, type, name) => publicMembers(`element/${file}`, type, name);

const attributes = unique([
  ...VM_OPTIONS.map(({ attribute }) => attribute),
  ...all(sources, /[gh](?:et|as)Attribute\('([\w-]+)'\)/g).filter((name) => !/^(aria-|data-)/.test(name)),
  ...all(sources, /count\('([\w-]+)'/g),
  ...all(/observedAttributes = \[([\s\S]+?)\n {2}\];/.exec(sources)[1], /'([\w-]+)'/g),
  ...all(sources, /:host\(\[([\w-]+)/g).filter((name) => name !== 'hidden'),
]);
const members = membersOf('vm-console', 'ClassDeclaration', 'VmConsole');
const screenMembers = membersOf('screen-panel', 'ClassDeclaration', 'ScreenPanel');
const events = membersOf('events', 'TSInterfaceDeclaration', 'VmConsoleEventMap').map(({ key }) => key);
const BUTTONS = all(sources, /\{ action: '([\w-]+)', icon: '\w+', label: [^}]+\}/g);
const parts = unique([
  ...all(sources, /part: (?:`|'|")([^`'"]+)(?:`|'|")/g).flatMap((text) =>
    /\$\{spec\.action\}/.test(text)
      ? [
          'button',
          ...BUTTONS.filter((name) => name !== 'pause' && name !== 'resume').map((name) => `button-${name}`),
        ]
      : /\$\{kind\}/.test(text)
        ? ['banner', 'panic', 'hint']
        : text.split(' '),
  ),
]);
const slots = unique(all(sources, /h\('slot', \{ name: '([\w-]+)'/g));
const colours = all(read('src/element/theme.ts'), /: \['([\w-]+)', '#/g).map(
  (name) => `--vm-console-${name}`,
);
const properties = unique([
  ...all(sources, /(--vm-console-[\w-]+)/g).filter((name) => !name.endsWith('-')),
  ...colours,
  ...all(read('src/element/theme.ts'), /read\('([\w-]+)'\)/g).map((name) => `--vm-console-${name}`),
]);
const states = all(/STATES: readonly VmState\[\] = \[([^\]]+)\]/.exec(sources)[1], /'(\w+)'/g);
const exported = exportedNames('element/index');

describe('the lists of what there is', () => {
  it('are found at all', () => {
    expect(attributes).toEqual(
      expect.arrayContaining(['arch', 'drives', 'toolbar', 'min-rows', 'theme', 'zoom']),
    );
    expect(members.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['start', 'console', 'popOut', 'screen']),
    );
    expect(members.map(({ key }) => key)).not.toContain('connectedCallback');
    expect(screenMembers.map(({ key }) => key)).toContain('guestPoint');
    expect(events).toHaveLength(13);
    expect(parts).toEqual(expect.arrayContaining(['frame', 'button-menu', 'panic', 'away', 'failure-more']));
    expect(slots).toEqual(['overlay', 'poster', 'start', 'toolbar']);
    expect(properties).toEqual(
      expect.arrayContaining(['--vm-console-split', '--vm-console-bright-cyan', '--vm-console-line-height']),
    );
    expect(states).toHaveLength(6);
    expect(exported).toEqual(expect.arrayContaining(['VmConsole', 'VmConsoleAttributes', 'configFromText']));
  });
});

describe('every attribute', () => {
  it('is documented, and nothing else is', () => {
    expect(unique(firstCells(section('Attributes'), '| Attribute'))).toEqual(attributes);
  });

  it('has a type for templates, and nothing else has', () => {
    const typed = membersOf('template-types', 'TSInterfaceDeclaration', 'VmConsoleAttributes');
    expect(unique(typed.map(({ key }) => key))).toEqual(attributes);
  });

  it('is tried', () => {
    expect(without(attributes, tests, (name) => new RegExp(`[\\s'"\`(<]${name}(=["'{]|['"])`))).toEqual([]);
  });
});

describe('every property and method', () => {
  it('says in its declaration what it is', () => {
    const setters = (list) => list.filter(({ comment, key }, i) => !comment && list[i - 1]?.key !== key);
    expect(setters([...members, ...screenMembers]).map(({ key }) => key)).toEqual([]);
  });

  it('is documented, and nothing else is', () => {
    const text = section('Properties and methods');
    const [, code] = /interface VmConsole extends HTMLElement \{\n([\s\S]*?)\n\}/.exec(text);
    const listed = all(code, /^ {2}(?:readonly )?(\w+)[?(:]/gm);
    expect(unique(listed)).toEqual(unique(members.map(({ key }) => key)));
    expect(
      without(unique(screenMembers.map(({ key }) => key)), text, (name) => new RegExp(`\`${name}[\`(]`)),
    ).toEqual([]);
  });

  it('is tried', () => {
    const names = unique([...members, ...screenMembers].map(({ key }) => key));
    expect(without(names, tests, (name) => new RegExp(`\\.${name}\\b`))).toEqual([]);
  });
});

describe('events, parts, slots, custom properties, states and exports', () => {
  it('are documented, and nothing else is', () => {
    expect(unique(firstCells(section('Events'), '| Event'))).toEqual(unique(events));
    const style = section('Style');
    expect(unique(firstCells(style, '| Custom property'))).toEqual(properties);
    expect(unique(firstCells(style, '| Part'))).toEqual(parts);
    expect(unique(firstCells(style, '| Slot'))).toEqual(slots);
    expect(without(states, style, (name) => new RegExp(`\`${name}\``))).toEqual([]);
    expect(without(exported, section('Exports'), (name) => new RegExp(`\`${name}[\`(]`))).toEqual([]);
  });

  it('are tried', () => {
    const partTests = read('e2e/element-parts.spec.ts') + read('e2e/offline.spec.ts');
    expect(without(events, tests, (name) => new RegExp(`'${name}'`))).toEqual([]);
    expect(without(parts, partTests, (name) => new RegExp(`['"( ]${name}['") ]`))).toEqual([]);
    expect(without(slots, tests, (name) => new RegExp(`slot="${name}"`))).toEqual([]);
    // One test holds all of the colours to their table.
    const others = properties.filter((name) => !colours.includes(name));
    expect(without(others, tests, (name) => new RegExp(`${name}\\b`))).toEqual([]);
    expect(without(states, tests, (name) => new RegExp(`:state\\(${name}\\)`))).toEqual([]);
    const values = exported.filter((name) => !/^(Vm(?!Console$|Error$)[A-Z]|[A-Z][a-z])/.test(name));
    expect(without(values, tests, (name) => new RegExp(`\\b${name}\\b`))).toEqual([]);
  });

  it('would be missed', () => {
    expect(without(['nowhere'], tests, (name) => new RegExp(`\\.${name}\\b`))).toEqual(['nowhere']);
    expect(firstCells('| Event | x |\n|---|---|\n| `vm-x`, `vm-y` | z |\n\nend', '| Event')).toEqual([
      'vm-x',
      'vm-y',
    ]);
  });
});
