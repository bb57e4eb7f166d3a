// A root disk with Debian on it, made without root: the packages are unpacked into an archive here, and a guest of our own turns it into a file
// system and runs the packages' scripts (docs/images.md).
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from '../build.mjs';
import { SetupError } from './console.mjs';
import { EXCLUDED, INCLUDED, writeDebianArchive, writeToolArchive } from './debian-archive.mjs';
import { busyboxInitrd, overlayEntries } from './initrd.mjs';
import { moduleEntries, moduleTree } from './kernel-modules.mjs';
import { findChromium } from './programs.mjs';
import { root } from './project.mjs';
import { publishDisk } from './publish.mjs';
import { DEBIAN_LIBRARY } from './recipes.mjs';
import { run, runNode } from './run.mjs';
import { onlyFile, packageEntries } from './unpack.mjs';

/** What makes file systems, and the libraries that it needs. */
const TOOLS = /(^|\/)(mke2fs(\.conf)?|tune2fs|ld-[\w.-]+|lib(c|ext2fs|e2p|com_err|uuid|blkid)\.so[\w.]*)$/;

/** Modules that the guest that makes the disk needs. */
const MAKE_MODULES = {
  virt: ['virtio_mmio', 'virtio_blk', 'crc32c_generic', 'ext4'],
  pc: ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'],
};

const MAKE_MEMORY = 1024;
/** Seconds; ten times what it takes on a quiet machine. */
const GUEST_TIMEOUT = 3600;

/** A start reads small files all over the disk: with chunks of 1 MiB it fetched twice as much. */
const CHUNK_SIZE = '256k';

/** What keeps this system from making such disks, in words, or undefined. */
export const diskObstacle = () =>
  findChromium()
    ? undefined
    : 'Debian disks are made by a guest in Chromium, and this system has none on PATH. Install it (apt-get install chromium).';

const dpkgConfiguration = (exclude = []) =>
  `${[
    ...[...EXCLUDED, ...exclude].map((path) => `path-exclude=${path}`),
    ...INCLUDED.map((path) => `path-include=${path}`),
  ].join('\n')}\n`;

/** What is on the disk beside the packages' own files; a recipe's own files take the place of those that all disks share. */
function ownEntries(path, recipe, kernelEntries) {
  const overlays = [`images/${path}/rootfs`, `${DEBIAN_LIBRARY}/rootfs`].flatMap((folder) =>
    overlayEntries(join(root, folder)),
  );
  const files = [
    ...overlays.filter(({ type }) => type !== 'directory'),
    {
      path: 'etc/dpkg/dpkg.cfg.d/snowglobe',
      type: 'file',
      mode: 0o644,
      content: dpkgConfiguration(recipe.disk.exclude),
    },
  ];
  return [...files, ...moduleTree(kernelEntries, [...recipe.modules, ...recipe.disk.modules])];
}

/** Runs a guest with virtio disks, `drives` by path, on its serial port. */
function runGuest(recipe, bios, memory, { kernel, initrd, append, drives, options }, onLine) {
  return run(
    process.execPath,
    [
      ...[join(root, 'bin', 'snowglobe.js'), recipe.arch, '-M', recipe.machine, '-m', String(memory)],
      ...(bios ? ['-bios', bios] : []),
      ...['-kernel', kernel, '-initrd', initrd, '-append', append],
      ...Object.entries(drives).flatMap(([path, properties]) => [
        '-drive',
        `file=${path.replaceAll(',', ',,')},if=virtio,${properties}`,
      ]),
      ...['-nographic', '-no-reboot', '--timeout', String(GUEST_TIMEOUT), ...options],
    ],
    { onLine },
  );
}

function lastLines({ stdout, stderr }) {
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-25).join('\n');
}

/** Runs the guest that makes the disk; its own words are the progress. */
async function makeDisk(recipe, folder, bios, progress) {
  let last = '';
  const file = (name) => join(folder, name);
  const guest = {
    kernel: file('kernel'),
    initrd: file('make-initrd'),
    append: 'console=ttyS0 quiet panic=-1',
    drives: {
      [file('disk')]: 'format=qcow2,snapshot=off,discard=unmap',
      [file('system')]: 'format=raw,readonly=on',
      [file('tools')]: 'format=raw,readonly=on',
    },
    options: [],
  };
  const result = await runGuest(recipe, bios, MAKE_MEMORY, guest, (line) => {
    const said = /snowglobe-build: (.*)/.exec(line)?.[1];
    if (said) progress((last = said.trim()));
  });
  if (result.status !== 0 || last !== 'done') {
    throw new SetupError(
      `The guest that makes the disk ended with status ${result.status}:\n${lastLines(result)}`,
    );
  }
}

/** A recipe's devices as options of the command line; the end of a port that shares the clipboard has a name of its own there. */
function deviceOptions(devices = []) {
  const words = ({ driver, properties = {} }) =>
    [driver, ...Object.entries(properties).map(([key, value]) => `${key}=${value}`)].join(',');
  const shares = devices.some(({ properties }) => properties?.chardev === 'vdagent');
  return [
    ...(shares ? ['-chardev', 'qemu-vdagent,id=vdagent,clipboard=on'] : []),
    ...devices.flatMap((device) => ['-device', words(device)]),
  ];
}

/** Starts the new machine as far as its login, and writes into `boot` what that read. */
async function recordStart(recipe, folder, bios) {
  const file = (name) => join(folder, name);
  const guest = {
    kernel: file('kernel'),
    initrd: file('start-initrd'),
    append: recipe.append,
    drives: { [file('disk')]: 'format=qcow2' },
    options: [...deviceOptions(recipe.devices), '--expect', 'login: ', '--record-boot', file('boot')],
  };
  const result = await runGuest(recipe, bios, recipe.memory, guest);
  if (result.status !== 0) {
    throw new SetupError(`The new machine does not come to its login:\n${lastLines(result)}`);
  }
}

/** Fetches the packages and writes into `work` what the guest that makes the disk starts from. Returns what the image needs of them. */
export async function prepareDisk(path, recipe, archive, work, progress) {
  progress('choosing packages');
  const kernelName = await archive.resolve(recipe.kernel.package);
  const names = await archive.closure(recipe.disk.packages, { essential: true });
  const tools = await archive.closure(['e2fsprogs']);
  const wanted = [...new Set([kernelName, recipe.busybox.package, ...names, ...tools])];
  const debs = await archive.download(wanted, progress);
  const deb = (name) => debs.find((one) => one.name === name);
  progress('unpacking the kernel');
  const kernelEntries = await packageEntries(deb(kernelName));
  const kernel = onlyFile(kernelEntries, recipe.kernel.file);
  const busybox = onlyFile(await packageEntries(deb(recipe.busybox.package)), recipe.busybox.file);
  const initrd = (folder, modules) =>
    gzipSync(
      busyboxInitrd(busybox, [
        ...overlayEntries(join(root, DEBIAN_LIBRARY, folder)),
        ...moduleEntries(kernelEntries, modules),
      ]),
      { level: 9 },
    );
  writeFileSync(join(work, 'kernel'), kernel);
  const start = initrd('start', recipe.modules);
  writeFileSync(join(work, 'make-initrd'), initrd('make', MAKE_MODULES[recipe.machine]));
  writeFileSync(join(work, 'start-initrd'), start);
  await writeToolArchive(join(work, 'tools'), tools.map(deb), TOOLS);
  const own = ownEntries(path, recipe, kernelEntries);
  await writeDebianArchive(join(work, 'system'), names.map(deb), own, {
    onPackage: ({ name }) => progress(`unpacking ${name}`),
    exclude: recipe.disk.exclude,
  });
  return { kernel, initrd: start, packages: [kernelName, ...names].map(deb) };
}

/**
 * The files of a Debian disk's image: kernel and initrd as bytes, the packages, and in the folder `work` a manifest `disk.json` with the disk's
 * chunks beside it. `archive` is apt's, `bios` the path of the firmware or undefined.
 */
export async function buildDiskFiles(path, recipe, { archive, bios, work, progress }) {
  const obstacle = diskObstacle();
  if (obstacle) throw new SetupError(obstacle);
  await build();
  const inputs = join(work, 'inputs');
  mkdirSync(inputs, { recursive: true });
  const prepared = await prepareDisk(path, recipe, archive, inputs, progress);
  await runNode('Making an empty disk', 'bin/snowglobe-img.js', [
    ...['create', '-q', '-f', 'qcow2', join(inputs, 'disk'), `${recipe.disk.capacity}M`],
  ]);
  progress('starting the guest that makes the disk');
  await makeDisk(recipe, inputs, bios, progress);
  progress('recording what a start reads');
  await recordStart(recipe, inputs, bios);
  progress('cutting the disk into chunks');
  const { 'stored-size': streamed } = await publishDisk(join(inputs, 'disk'), join(work, 'disk.json'), {
    boot: join(inputs, 'boot'),
    chunkSize: CHUNK_SIZE,
  });
  rmSync(inputs, { recursive: true });
  return { ...prepared, streamed };
}
