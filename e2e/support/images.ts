import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleFile } from '../../scripts/lib/riscv-asm/index.mjs';
import type { GuestConfig } from '../../src/playwright/index.ts';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

const builtImages = join(repository, '.cache/images');

interface Manifest {
  arch: string;
  machine?: string;
  memory?: number;
  bios?: string;
  kernel?: string;
  initrd?: string;
  hda?: string;
  cdrom?: string;
  fda?: string;
  drives?: { file: string; interface?: 'virtio' }[];
  devices?: GuestConfig['devices'];
  append?: string;
}

const IMAGE_OPTIONS = ['kernel', 'initrd', 'hda', 'cdrom', 'fda'] as const;

/** A built image as the fixture takes it. Fails with what to run where it is not built. */
export function image(name: string): GuestConfig {
  const folder = join(builtImages, name);
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) throw new Error(`the image ${name} is not built; run: npm run images -- ${name}`);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const { arch, machine, memory, bios, append, drives, devices } = manifest;
  const images = IMAGE_OPTIONS.flatMap((option) => {
    const file = manifest[option];
    return file === undefined ? [] : [[option, join(folder, file)] as const];
  });
  return {
    arch,
    machine,
    memory,
    append,
    ...(devices && { devices }),
    ...(drives && { drives: drives.map((drive) => ({ ...drive, file: join(folder, drive.file) })) }),
    ...(bios !== undefined && { bios: bios === 'none' ? bios : join(folder, bios) }),
    ...Object.fromEntries(images),
  };
}

/**
 * A built image of Linux for what is to be tried once it runs. Its kernel does not test its cryptography, half of the instructions of an i386 boot;
 * machines with what their manifests say see to that (guest.spec.ts, pc.spec.ts).
 */
export function linux(name: string): GuestConfig {
  const config = image(name);
  return { ...config, append: `${config.append} cryptomgr.notests` };
}

/** Path of a bare-metal guest: e2e/guests/NAME.s as an ELF file, assembled into `folder`. */
export function assembleGuest(name: string, folder: string): string {
  const { elf } = assembleFile(join(repository, 'e2e/guests', `${name}.s`));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.elf`);
  writeFileSync(path, elf);
  return path;
}

/** A bare-metal guest as the fixture takes it. */
export function bareMetal(name: string, folder: string): GuestConfig {
  return {
    arch: 'riscv64',
    machine: 'virt',
    bios: 'none',
    kernel: assembleGuest(name, folder),
    noReboot: true,
  };
}
