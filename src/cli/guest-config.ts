import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliOptions } from '../command/cli-options.ts';
import { biosFile, checkImage, firmwareFile, folderFiles, isAddress, isBiosWord } from './guest-files.ts';
import type { GuestConfig } from './runner-page.ts';
import { UsageError } from '../command/usage-error.ts';

/**
 * The machine that a command line asks for. Its images are checked here, before a browser starts for nothing.
 * @throws UsageError
 */
export function guestConfig(options: CliOptions): GuestConfig {
  const { arch, machine, cpu, memory, bios, kernel, initrd, append, icount, rtc, tier, noReboot } = options;
  const { boot, devices, folders, fwCfg, smbios, nographic, vga, xres, yres } = options;
  firmwareFile(options);
  if (bios !== undefined && !isBiosWord(bios)) checkImage('-bios', biosFile(arch, bios));
  if (kernel !== undefined) checkImage('-kernel', kernel);
  if (initrd !== undefined) checkImage('-initrd', initrd);
  for (const { option, file } of options.drives)
    if (file !== undefined && !isAddress(file)) checkImage(option, file);
  for (const { path } of folders ?? []) folderFiles(path);
  for (const { file } of fwCfg ?? []) if (file !== undefined) checkImage('-fw_cfg', file);
  if (bios === 'none' && kernel === undefined) {
    throw new UsageError('-bios none leaves nothing to run; give the guest a program with -kernel FILE');
  }
  return {
    arch,
    machine,
    noReboot,
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(bios !== undefined && { bios }),
    ...(kernel !== undefined && { kernel }),
    ...(initrd !== undefined && { initrd }),
    ...(options.drives.length > 0 && { drives: options.drives.map(({ option: _, ...drive }) => drive) }),
    ...(devices !== undefined && { devices }),
    ...(folders !== undefined && { folders }),
    ...(append !== undefined && { append }),
    ...(boot !== undefined && { boot }),
    ...(fwCfg !== undefined && { fwCfg }),
    ...(smbios !== undefined && { smbios }),
    ...(nographic !== undefined && { nographic }),
    ...(vga !== undefined && { vga }),
    ...(xres !== undefined && { xres }),
    ...(yres !== undefined && { yres }),
    ...(icount !== undefined && { icount }),
    ...(rtc !== undefined && { rtc }),
    ...(tier !== undefined && { tier }),
    ...(options.recordBoot !== undefined && { recordReads: true }),
  };
}

/** The same options with their files looked for in `folder`. */
export function optionsIn(folder: string, options: CliOptions): CliOptions {
  const path = (name: string) => resolve(folder, name);
  const { bios, kernel, initrd, drives, folders, fwCfg } = options;
  return {
    ...options,
    // A name that is no file there may be one of the default firmware's.
    ...(bios !== undefined && !isBiosWord(bios) && existsSync(path(bios)) && { bios: path(bios) }),
    ...(kernel !== undefined && { kernel: path(kernel) }),
    ...(initrd !== undefined && { initrd: path(initrd) }),
    drives: drives.map(({ file, backing, ...drive }) => ({
      ...drive,
      ...(file !== undefined && { file: isAddress(file) ? file : path(file) }),
      ...(backing !== undefined && { backing: backing.map(path) }),
    })),
    ...(folders !== undefined && { folders: folders.map((entry) => ({ ...entry, path: path(entry.path) })) }),
    ...(fwCfg !== undefined && {
      fwCfg: fwCfg.map(({ file, ...entry }) => ({
        ...entry,
        ...(file !== undefined && { file: path(file) }),
      })),
    }),
  };
}
