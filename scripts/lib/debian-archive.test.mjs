/** Held to dpkg: it reads the database that an archive of unpacked packages brings. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeDebianArchive, writeToolArchive } from './debian-archive.mjs';

let dir;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'debian-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A package of these files and control files. */
function makePackage(name, files, control = {}, fields = '') {
  const folder = join(dir, name);
  const all = {
    ...files,
    'DEBIAN/control': `Package: ${name}\nVersion: 1:2-3\nArchitecture: amd64\n${fields}Maintainer: Nobody <nobody@example.org>\nDescription: a test\n`,
    ...Object.fromEntries(Object.entries(control).map(([file, text]) => [`DEBIAN/${file}`, text])),
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode: path.endsWith('inst') ? 0o755 : 0o644 });
  }
  const path = join(dir, `${name}.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', folder, path], { stdio: 'ignore' });
  return { name, path };
}

function unpacked(file) {
  const root = join(dir, 'root');
  mkdirSync(root);
  execFileSync('tar', ['--no-same-owner', '-xf', file, '-C', root]);
  const dpkg = (program, ...args) =>
    execFileSync(program, [`--admindir=${join(root, 'var/lib/dpkg')}`, ...args]).toString();
  return { root, dpkg, read: (path) => readFileSync(join(root, path), 'utf8') };
}

it('leaves what dpkg leaves after unpacking', async () => {
  const debs = [
    makePackage(
      'libsnow',
      {
        'lib/x86_64-linux-gnu/libsnow.so.1': 'code',
        'usr/share/doc/libsnow/copyright': 'MIT',
        'usr/share/doc/libsnow/NEWS': 'long',
      },
      { triggers: 'interest-noawait ldconfig\nactivate-noawait other\n', postinst: '#!/bin/sh\n' },
      'Multi-Arch: same\n',
    ),
    makePackage(
      'flake',
      {
        'bin/flake': 'program',
        'etc/flake.conf': 'size=1\n',
        'etc/motd': 'theirs',
        'usr/lib/riscv64/libLarge.so.3': 'large',
      },
      { conffiles: '/etc/flake.conf\n', triggers: 'interest /usr/share/flakes\n' },
    ),
  ];
  const file = join(dir, 'system.tar');
  // Of two own files the first one counts: a recipe's, before that of all disks.
  const own = ['ours', "every disk's"].map((content) => ({
    ...{ path: 'etc/motd', type: 'file', mode: 0o644 },
    content,
  }));
  await writeDebianArchive(file, debs, own, { exclude: ['/usr/lib/*/libLarge*'] });
  const { root, dpkg, read } = unpacked(file);
  expect(
    dpkg('dpkg-query', '-W', '-f', '${Package}:${Architecture} ${Version} ${db:Status-Status}\n').split('\n'),
  ).toEqual(['flake:amd64 1:2-3 unpacked', 'libsnow:amd64 1:2-3 unpacked', '']);
  const sum = execFileSync('md5sum', [join(root, 'etc/flake.conf')])
    .toString()
    .split(' ')[0];
  expect(read('var/lib/dpkg/status')).toContain(`Conffiles:\n /etc/flake.conf ${sum}\n`);
  expect(dpkg('dpkg-query', '-L', 'libsnow:amd64')).toContain('/lib/x86_64-linux-gnu/libsnow.so.1\n');
  expect(dpkg('dpkg-query', '-S', '/bin/flake')).toBe('flake: /bin/flake\n');
  expect(dpkg('dpkg-query', '--control-path', 'libsnow:amd64', 'postinst')).toContain(
    'libsnow:amd64.postinst',
  );
  expect(read('var/lib/dpkg/triggers/ldconfig')).toBe('libsnow:amd64/noawait\n');
  expect(read('var/lib/dpkg/triggers/File')).toBe('/usr/share/flakes flake\n');
  // Files lie where /bin is a link into /usr; documentation stays out, licences do not, and our own file is the one that is there.
  expect(read('usr/bin/flake')).toBe('program');
  expect(read('bin/flake')).toBe('program');
  expect(read('usr/share/doc/libsnow/copyright')).toBe('MIT');
  expect(() => read('usr/share/doc/libsnow/NEWS')).toThrow(/ENOENT/);
  expect(() => read('usr/lib/riscv64/libLarge.so.3')).toThrow(/ENOENT/);
  expect(read('etc/motd')).toBe('ours');
});

it('takes single files of packages as tools', async () => {
  const debs = [
    makePackage('tools', { 'sbin/mktool': 'tool', 'sbin/other': 'other', 'usr/lib/libtool.so.1': 'code' }),
  ];
  const file = join(dir, 'tools.tar');
  await writeToolArchive(file, debs, /(mktool|libtool\.so\.1)$/);
  const { read } = unpacked(file);
  expect([read('sbin/mktool'), read('lib/libtool.so.1')]).toEqual(['tool', 'code']);
  expect(() => read('sbin/other')).toThrow(/ENOENT/);
});

it('a package that is none is named in the error', async () => {
  const path = join(dir, 'no.deb');
  writeFileSync(path, 'no package');
  await expect(writeDebianArchive(join(dir, 'x.tar'), [{ name: 'no', path }], [])).rejects.toThrow(
    /^The package no cannot be unpacked/,
  );
});
