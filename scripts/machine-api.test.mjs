// The machine's interface to scripts, and the Playwright fixtures' to tests, have documentation and tests without exception.
import { describe, expect, it } from 'vitest';
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

const tests = filesOf('e2e', /\.ts$/) + filesOf('src', /\.test\.ts$/);
const vmDocs = read('docs/vm.md');
const playwrightDocs = read('docs/playwright.md');

const INTERFACES = [
  ['VmConfig', ['core/vm-api', 'VmConfig']],
  ['FwCfgEntry', ['core/vm-api', 'FwCfgEntry']],
  ['DriveConfig', ['core/vm-api', 'DriveConfig']],
  ['DeviceConfig', ['core/vm-api', 'DeviceConfig']],
  ['FolderConfig', ['core/vm-api', 'FolderConfig']],
  ['Vm', ['core/vm-api', 'Vm']],
  ['VmEvents', ['core/vm-api', 'VmEvents']],
  ['SerialStream', ['core/vm-api', 'SerialStream']],
  ['VmPort', ['core/vm-api', 'VmPort']],
  ['VmInput', ['core/vm-api', 'VmInput']],
  ['VmClipboard', ['core/vm-api', 'VmClipboard']],
  ['VmScreen', ['core/scanout', 'VmScreen'], ['core/scanout', 'ScreenConsoles']],
  ['DriveState', ['core/vm-api', 'DriveState']],
  ['DriveStream', ['core/vm-api', 'DriveStream']],
  ['VmFolder', ['core/vm-api', 'VmFolder']],
  ['VmBalloon', ['core/vm-api', 'VmBalloon']],
  ['QueueState', ['core/vm-api', 'QueueState']],
];
const keys = (declared) =>
  unique(
    declared.flatMap(([file, name]) =>
      publicMembers(file, 'TSInterfaceDeclaration', name).map(({ key }) => key),
    ),
  );

describe('the machine', () => {
  it.each(INTERFACES)('has each key of %s in its document, and no other', (title, ...declared) => {
    expect(unique(firstCells(sectionOf(vmDocs, title), '| ').filter((name) => /^\w+$/.test(name)))).toEqual(
      keys(declared),
    );
  });

  it('names each of its failures', () => {
    const [, union] = /export type VmErrorCode =([\s\S]*?);\n/.exec(read('src/core/vm-api.ts'));
    const codes = all(union, /'([\w-]+)'/g);
    expect(codes).toContain('bad-image');
    expect(unique(all(sectionOf(vmDocs, 'VmErrorCode'), /`([\w-]+)`/g))).toEqual(unique(codes));
  });

  it('is tried', () => {
    const members = ['Vm', 'VmPort', 'VmInput', 'VmFolder', 'VmBalloon', 'VmClipboard'].flatMap((name) =>
      keys([['core/vm-api', name]]),
    );
    expect(without(unique(members), tests, (name) => new RegExp(`(\\.|[{,] )${name}\\b`))).toEqual([]);
    const options = keys(INTERFACES.slice(0, 5).flatMap(([, ...declared]) => declared));
    expect(without(options, tests, (name) => new RegExp(`\\b${name}(:|,| \\}|\\()`))).toEqual([]);
    const events = keys([['core/vm-api', 'VmEvents']]);
    expect(without(events, tests, (name) => new RegExp(`'${name}'|vm-${name}`))).toEqual([]);
  });
});

const CLASSES = [
  ['virtual-machine', 'VirtualMachine', 'vm'],
  ['serial-console', 'SerialConsole', 'serial'],
  ['machine-screen', 'MachineScreen', 'screen'],
  ['machine-screen', 'MachineMouse', 'mouse'],
  ['machine-keyboard', 'MachineKeyboard', 'keyboard'],
];
const FIXTURES = ['SnowglobeOptions', 'SnowglobeFixtures', 'SnowglobeWorkerFixtures'];

describe('the Playwright fixtures', () => {
  const code = all(playwrightDocs.replace(/^```[\s\S]*?^```/gm, ''), /`([^`]+)`/g).join('\n');

  it.each(CLASSES)('%s: each member of %s says what it is, is documented and tried', (file, name, owner) => {
    const members = publicMembers(`playwright/${file}`, 'ClassDeclaration', name);
    expect(members.length).toBeGreaterThan(2);
    expect(members.filter(({ comment }) => !comment).map(({ key }) => key)).toEqual([]);
    const found = (key) => new RegExp(`(^|${owner}\\.|\\.)${key}\\b`, 'm');
    const listed = members.map(({ key }) => key);
    expect(without(listed, code, found)).toEqual([]);
    expect(without(listed, tests, (key) => new RegExp(`\\.${key}\\b`))).toEqual([]);
  });

  it.each(FIXTURES)('%s are documented', (name) => {
    const fixtures = publicMembers('playwright/fixtures', 'TSInterfaceDeclaration', name);
    expect(fixtures.filter(({ comment }) => !comment).map(({ key }) => key)).toEqual([]);
    expect(
      without(
        fixtures.map(({ key }) => key),
        code,
        (key) => new RegExp(`\\b${key}\\b`),
      ),
    ).toEqual([]);
  });

  it('have a list of their exports, with no other names in it', () => {
    const listed = all(sectionOf(playwrightDocs, 'Exports'), /`(\w+)[`(]/g).filter((name) => name !== 'vm');
    expect(unique(listed)).toEqual(exportedNames('playwright/index'));
  });
});
