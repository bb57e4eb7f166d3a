import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRecipe, listedRecipes, listRecipes, readManifest, readRecipe, writeIndex } from './recipes.mjs';

let dir;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'images-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function putImage(name, manifest, files = {}) {
  mkdirSync(join(dir, name), { recursive: true });
  const sizes = {};
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(dir, name, file), content);
    sizes[file] = content.length;
  }
  writeFileSync(join(dir, name, 'manifest.json'), JSON.stringify({ ...manifest, sizes }));
}

describe('recipes', () => {
  it('are all readable, and the firmware that they name is built first', () => {
    const names = listRecipes();
    expect(names).toContain('riscv64-debian');
    for (const name of names) {
      const { firmware } = readRecipe(name);
      if (!firmware || firmware === 'none') continue;
      const at = names.indexOf(`firmware/${firmware}`);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(at).toBeLessThan(names.indexOf(name));
    }
  });

  it('that the page does not wait for come last', () => {
    expect(listedRecipes()).toEqual([
      'firmware/opensbi-riscv64',
      'riscv64-debian',
      'firmware/ovmf',
      'firmware/seabios',
      'i386-debian',
      'i386-grub',
      'i386-ipxe',
      'i386-memtest',
      'vga-card',
      'vga-cga',
      'vga-fire',
      'vga-high-color',
      'vga-mandelbrot',
      'vga-mode-x',
      'vga-moire',
      'vga-plasma',
      'vga-scroll',
      'vga-true-color',
      'x86_64-debian',
      'x86_64-uefi',
      'riscv64-basic',
      'riscv64-games',
      'riscv64-micropython',
      'riscv64-nethack',
      'x86_64-adventure',
      'i386-installer',
      'riscv64-desktop',
      'riscv64-trixie',
      'x86_64-bookworm',
    ]);
  });

  it('come after the images whose kernel they start', () => {
    const names = listRecipes();
    const borrowing = names.filter((name) => readRecipe(name).kernel?.image);
    expect(borrowing).toContain('x86_64-adventure');
    for (const name of borrowing) {
      expect(names.indexOf(readRecipe(name).kernel.image)).toBeLessThan(names.indexOf(name));
    }
  });

  it('name files of packages as a list, and modules only beside a kernel of their own', () => {
    const recipe = { kind: 'linux-busybox', kernel: { image: 'a' } };
    for (const field of 'title description arch machine memory append suite busybox firmware'.split(' ')) {
      recipe[field] = 'x';
    }
    const check = (more) => () => checkRecipe('toy', { ...recipe, ...more });
    expect(check({ packages: { greed: ['usr/games/greed'] } })()).toMatchObject({ kernel: { image: 'a' } });
    for (const packages of [{ greed: 'usr/games/greed' }, { greed: [] }, { greed: [1] }]) {
      expect(check({ packages })).toThrow(
        'images/toy/recipe.json: packages.greed is not a list of the files that the image takes of it',
      );
    }
    for (const packages of [['greed'], 'greed', 1]) {
      expect(check({ packages })).toThrow('images/toy/recipe.json: packages is no object');
    }
    expect(check({ terminal: 'large' })).toThrow('images/toy/recipe.json: terminal is no size such as 80x24');
    expect(check({ modules: ['9p'] })).toThrow('which the kernel of another image has not');
    expect(check({ pacakges: {} })).toThrow('images/toy/recipe.json has unknown fields: pacakges');
  });

  it('that do not exist are named in the error', () => {
    expect(() => readRecipe('no-such-image')).toThrow(/images\/no-such-image\/recipe\.json cannot be read/);
  });
});

describe('the list of machines', () => {
  it('resolves addresses against itself and puts Linux first', () => {
    putImage(
      'a-demo',
      { title: 'Demo', machine: 'virt', bios: 'none', kernel: 'demo.elf' },
      { 'demo.elf': 'x' },
    );
    putImage(
      'linux',
      {
        title: 'Linux',
        machine: 'virt',
        memory: 512,
        bios: '../firmware/f/fw.bin',
        kernel: 'k',
        initrd: 'i',
      },
      { k: 'kernel', i: 'initrd' },
    );
    putImage('firmware/f', { title: 'Firmware', file: 'fw.bin', for: ['a', 'b'] }, { 'fw.bin': 'f' });
    writeIndex(dir);
    const { machines, firmware } = JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8'));
    expect(firmware).toEqual({ a: 'firmware/f/fw.bin', b: 'firmware/f/fw.bin' });
    expect(machines).toEqual([
      {
        name: 'linux',
        title: 'Linux',
        machine: 'virt',
        memory: 512,
        kernel: 'linux/k',
        initrd: 'linux/i',
        firmware: 'firmware/f/fw.bin',
        download: 13,
      },
      {
        name: 'a-demo',
        title: 'Demo',
        machine: 'virt',
        kernel: 'a-demo/demo.elf',
        firmware: 'none',
        download: 1,
      },
    ]);
  });

  it('offers a boot disk only where a BIOS is built that can start it', () => {
    putImage('disk', { title: 'Disk', arch: 'i386', machine: 'pc', hda: 'disk.img' }, { 'disk.img': 'abcd' });
    expect(writeIndex(dir)).toEqual([]);
    putImage('firmware/bios', { for: ['i386'], file: 'bios.bin' }, { 'bios.bin': 'x' });
    expect(writeIndex(dir)).toMatchObject([{ name: 'disk', hda: 'disk/disk.img', download: 4 }]);
  });

  it('names what is about to be built by its title', () => {
    writeIndex(dir, ['i386-debian']);
    const list = JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8'));
    expect(list).toEqual({ machines: [], coming: ['Debian Linux on a 32-bit PC'] });
  });

  it('leaves out an image with a file missing or cut short, which then counts as not built', () => {
    putImage('cut', { machine: 'virt', kernel: 'k' }, { k: 'kernel' });
    writeFileSync(join(dir, 'cut', 'k'), 'ker');
    putImage('gone', { machine: 'virt', kernel: 'k' }, { k: 'kernel' });
    rmSync(join(dir, 'gone', 'k'));
    expect(writeIndex(dir)).toEqual([]);
    expect(readManifest('cut', dir)).toBeUndefined();
    expect(readManifest('gone', dir)).toBeUndefined();
  });
});
