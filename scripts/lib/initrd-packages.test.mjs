/** Libraries are held to binutils: ld writes what our reader of DT_NEEDED reads. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { neededLibraries } from './elf-needed.mjs';
import { chooseFiles } from './initrd-packages.mjs';
import { findAssembler } from './x86-asm.mjs';

let dir;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'programs-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A shared library called `name`, or without one a program, that needs `libraries`; 64 or 32 bits wide. */
function link(name, libraries = [], bits = 64) {
  const { as, ld } = findAssembler();
  const file = (end) => join(dir, `${name ?? 'program'}${end}`);
  const emulation = bits === 64 ? 'elf_x86_64' : 'elf_i386';
  writeFileSync(file('.s'), '.globl _start\n_start: nop\n');
  execFileSync(as, [`--${bits}`, '-o', file('.o'), file('.s')]);
  const soname = name ? ['-shared', `-soname=${name}`] : ['-pie', '--dynamic-linker=/lib/ld.so'];
  const needed = libraries.map((one) => join(dir, one));
  execFileSync(ld, ['-m', emulation, '--no-as-needed', ...soname, '-o', file(''), file('.o'), ...needed]);
  return readFileSync(file(''));
}

const file = (path, content = 'x', mode = 0o755) => ({
  path,
  type: 'file',
  mode,
  content: Buffer.from(content),
});
const symlink = (path, target) => ({ path, type: 'symlink', mode: 0o777, target });
const paths = ({ entries }) => entries.map(({ path }) => path);

describe('the libraries that an ELF file names', () => {
  it.each([64, 32])('are those it was linked with, %i bits', (bits) => {
    link('libsnow.so.1', [], bits);
    link('libice.so.2', ['libsnow.so.1'], bits);
    expect(neededLibraries(link(undefined, ['libice.so.2', 'libsnow.so.1'], bits))).toEqual([
      'libice.so.2',
      'libsnow.so.1',
    ]);
    expect(neededLibraries(readFileSync(join(dir, 'libsnow.so.1')))).toEqual([]);
  });

  it('are none in what is no ELF file, and a file that is cut short is an error', () => {
    expect(neededLibraries(Buffer.from('#!/bin/sh\n'))).toEqual([]);
    expect(neededLibraries(Buffer.alloc(0))).toEqual([]);
    link('libsnow.so.1');
    const program = link(undefined, ['libsnow.so.1']);
    expect(() => neededLibraries(program.subarray(0, 100))).toThrow('ELF: the file is cut short');
  });
});

describe('the files that a recipe takes of packages', () => {
  it('bring their libraries, what links lead to and the licences of all', () => {
    const ice = link('libice.so.2');
    const program = link(undefined, ['libice.so.2']);
    const packages = [
      {
        name: 'flake',
        entries: [
          file('usr/games/flake', program, 0o2755),
          file('usr/share/flake/one.dat'),
          file('usr/share/flake/two.dat'),
          file('usr/share/man/man6/flake.6.gz'),
          file('usr/share/doc/flake/copyright', 'MIT', 0o644),
        ],
      },
      {
        name: 'libice2',
        entries: [
          file('usr/lib/x86_64-linux-gnu/libice.so.2.1', ice),
          symlink('usr/lib/x86_64-linux-gnu/libice.so.2', 'libice.so.2.1'),
          file('usr/share/doc/libice2/copyright', 'GPL', 0o644),
        ],
      },
      { name: 'libother', entries: [file('usr/lib/libother.so.1')] },
    ];
    const chosen = chooseFiles({ flake: ['usr/games/flake', 'usr/share/flake/*'] }, packages);
    expect(paths(chosen)).toEqual([
      'usr/lib',
      'usr/games/flake',
      'lib/x86_64-linux-gnu/libice.so.2',
      'lib/x86_64-linux-gnu/libice.so.2.1',
      'usr/share/doc/flake/copyright',
      'usr/share/doc/libice2/copyright',
      'usr/share/flake/one.dat',
      'usr/share/flake/two.dat',
    ]);
    expect([...chosen.names]).toEqual(['flake', 'libice2']);
    expect(chosen.entries[1].mode).toBe(0o755);
    expect(chosen.entries[2]).toMatchObject({ type: 'symlink', content: 'libice.so.2.1' });
  });

  it('that are not there, or whose libraries are not, are named in the error', () => {
    link('libice.so.2');
    const flake = {
      name: 'flake',
      entries: [
        file('usr/games/flake', link(undefined, ['libice.so.2'])),
        symlink('usr/bin/flake', '/etc/alternatives/flake'),
        symlink('usr/bin/round', 'round'),
      ],
    };
    const choose = (pattern) => () => chooseFiles({ flake: [pattern] }, [flake]);
    expect(choose('usr/games/fleck')).toThrow('No file of the package flake matches usr/games/fleck.');
    expect(choose('usr/games/flake')).toThrow(
      'The library libice.so.2, which usr/games/flake needs, is in none of the packages: name the one that has it.',
    );
    expect(choose('usr/bin/flake')).toThrow(
      'etc/alternatives/flake, to which usr/bin/flake is a link, is in none of the packages.',
    );
    expect(paths(choose('usr/bin/round')())).toEqual(['usr/lib', 'usr/bin/round']);
  });
});
