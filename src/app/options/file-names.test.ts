import { expect, it } from 'vitest';
import { commandLine } from '../command-line.ts';
import { configFromCommandLine } from '../command-text.ts';
import { FileNames } from './file-names.ts';

const imagesUrl = 'http://host/images/';
const names = () => new FileNames((address) => address.replace('http://host/', ''), ['kept.qcow2']);
const file = (name: string): File => new File(['x'], name);

it('files that are called alike are told apart, whatever others are called', () => {
  const all = names();
  const files = [
    'a.img',
    'a.img',
    'a-2.img',
    'a.img',
    'r.tar.gz',
    'r.tar.gz',
    'k',
    'k',
    'v6.12',
    'v6.12',
    'kept.qcow2',
  ];
  const found = files.map(file);
  const called = found.map((one) => all.nameOf(one));
  expect(called).toEqual([
    ...['a.img', 'a-2.img', 'a-2-2.img', 'a-3.img', 'r.tar.gz', 'r-2.tar.gz'],
    ...['k', 'k-2', 'v6.12', 'v6.12-2', 'kept-2.qcow2'],
  ]);
  expect(found.map((one) => all.nameOf(one))).toEqual(called);
  expect(all.nameOf('http://host/images/a.img')).toBe('images/a.img');
  const bytes = [new Uint8Array(3), new Uint8Array(3)];
  expect(bytes.map((one) => all.nameOf(one))).toEqual(['3 bytes', '3 bytes-2']);
});

it('the command line names each of two files of one name, and finds them again', () => {
  const all = names();
  const [one, two] = [file('disk.img'), file('disk.img')];
  const config = {
    arch: 'x86_64',
    hda: one,
    hdb: two,
    drives: [{ file: one, interface: 'virtio' as const }],
  };
  const line = commandLine(config, imagesUrl, 'kept', (source) => all.nameOf(source));
  expect(line).toBe('npx snowglobe x86_64 -hda disk.img -hdb disk-2.img -drive file=disk.img,if=virtio');
  const around = { imagesUrl, files: all.files, folders: [], disks: new Map<string, string>() };
  const found = configFromCommandLine(line.replace('-hda disk.img -hdb', '-hdb'), around);
  expect(found.hda).toBeUndefined();
  expect(found.hdb).toBe(two);
  expect(found.drives?.[0].file).toBe(one);
});
