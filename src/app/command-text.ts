/** A `snowglobe` or QEMU command line as text, read into the page's own configuration by the command line's parser. */
import type { CliOptions } from '../command/cli-options.ts';
import { parseCommand } from '../command/options.ts';
import { LineError, shellWords } from '../command/shell-words.ts';
import { UsageError } from '../command/usage-error.ts';
import type { FolderConfig, ImageKey, ImageSource, Medium, VmConfig } from '../core/vm-api.ts';
import { MEDIA } from '../core/vm-api.ts';
import { BUILT_IMAGES } from './command-line.ts';

/** What the names in a command line mean on this page. */
export interface Surroundings {
  /** The address of this site's images/ folder. */
  imagesUrl: string;
  /** Files in the page's hands, by the names under which the command line has them. */
  files: ReadonlyMap<string, ImageSource>;
  /** Shared folders that were picked, by their tags. */
  folders: readonly FolderConfig[];
  /** Ids of kept disks, by the names of the files that exporting them gives. */
  disks: ReadonlyMap<string, string>;
}

/** How people begin such a line. */
const PROGRAM = /^(npx|node|sudo|(\S*\/)?snowglobe(\.js)?)$/;
/** What a shell has written before it: `$ `, `root@host:~# `. A `#` before anything else begins a comment. */
const PROMPT =
  /^\s*(\S*\$|\S*#(?=\s+(npx|node|sudo|(\S*\/)?snowglobe(\.js)?|(\S*\/)?qemu-system-\w+)(\s|$)))\s/;

/** What belongs to a run of the command line, and to no machine. */
function commandOnly(options: CliOptions): string | null {
  const { script, timeout, screenshot, json, recordBoot, headed, debugcon, debugPort, serialFile } = options;
  if (script.length > 0) return '--expect, --send, --change, --eject and --hmp';
  if (timeout !== undefined) return '--timeout';
  if (screenshot !== undefined) return '--screenshot';
  if (json !== undefined) return '--json';
  if (recordBoot !== undefined) return '--record-boot';
  if (headed) return '--headed';
  if (debugcon || debugPort) return '-debugcon and -global isa-debugcon';
  if (serialFile !== undefined) return '-serial file:';
  return null;
}

/** The words after the program's name. @throws UsageError */
function wordsOf(text: string): string[] {
  try {
    const blank = (found: string): string => ' '.repeat(found.length);
    const words = shellWords(text.replace(PROMPT, blank).replaceAll(/\\\r?\n/g, blank));
    const texts = words.map((word) => word.text.replaceAll(/\r?\n/g, ' '));
    const first = texts.findIndex((word) => !PROGRAM.test(word));
    if (first < 0) return [];
    return [texts[first].replace(/^.*\/(?=qemu-system-)/, ''), ...texts.slice(first + 1)];
  } catch (error) {
    if (error instanceof LineError) throw new UsageError(`at character ${error.column}: ${error.message}`);
    throw error;
  }
}

const MACHINE_OPTION = /^--?(M|machine)$/;

/**
 * The machine that a command line asks for.
 * @throws UsageError that names what is wrong
 */
export function configFromCommandLine(text: string, around: Surroundings): VmConfig {
  const words = wordsOf(text);
  const parsed = parseCommand(words);
  if (parsed.kind !== 'run')
    throw new UsageError('lists and help are the command line’s: here is none to be shown');
  const { options } = parsed;
  const only = commandOnly(options);
  if (only !== null) throw new UsageError(`${only}: only the command line can do that; leave it out here`);
  const { arch, machine, cpu, memory, bios, kernel, initrd, devices, append, boot, smbios } = options;
  const { nographic, vga, xres, yres, icount, rtc, tier, noReboot, audiodev } = options;

  const image = (option: string, name: string): ImageSource => {
    const held = around.files.get(name);
    if (held !== undefined) return held;
    if (/^https?:\/\//i.test(name)) return name;
    const built = name.indexOf(BUILT_IMAGES);
    if (built >= 0) {
      const path = name.slice(built + BUILT_IMAGES.length);
      return new URL(path.replace(/[%?#]/g, encodeURIComponent), around.imagesUrl).href;
    }
    throw new UsageError(
      `${option} ${name}: a page cannot look for files on your computer; choose it in the form, or give an address (https://…)`,
    );
  };
  const bootImage = (option: string, name: string | undefined): ImageSource | undefined =>
    name === undefined ? undefined : image(option, name);

  const media: Partial<Record<Medium, ImageSource>> = {};
  const drives: NonNullable<VmConfig['drives']>[number][] = [];
  for (const { option, file, backing, ...drive } of options.drives) {
    const medium = MEDIA.find((key) => option === `-${key}`);
    const kept = file === undefined ? undefined : around.disks.get(file);
    if (backing !== undefined || drive.filters?.some(({ driver }) => driver === 'blkdebug'))
      throw new UsageError(
        `${option}: backing files and blkdebug are the command line’s; leave them out here`,
      );
    if (kept !== undefined) {
      const { snapshot: _, ...place } = drive;
      drives.push({ ...place, persist: kept });
    } else if (medium !== undefined && media[medium] === undefined && file !== undefined) {
      media[medium] = image(option, file);
    } else {
      drives.push({ ...(file !== undefined && { file: image(option, file) }), ...drive });
    }
  }
  const folders = (options.folders ?? []).map(({ tag, path, readOnly }) => {
    const held = around.folders.find((folder) => folder.tag === path);
    if (!held)
      throw new UsageError(
        `-virtfs path=${path}: a page cannot look for folders on your computer; choose it in the form, under “Devices”`,
      );
    return { tag, files: held.files, ...(readOnly && { readOnly }) };
  });
  const fwCfg = options.fwCfg?.map(({ name, string, file }) => ({
    name,
    ...(string !== undefined ? { string } : { file: image('-fw_cfg', file ?? '') }),
  }));
  const images: Partial<Record<ImageKey, ImageSource | undefined>> = {
    bios:
      bios === 'none' || bios === undefined ? bios : bios === 'default' ? undefined : image('-bios', bios),
    kernel: bootImage('-kernel', kernel),
    initrd: bootImage('-initrd', initrd),
    ...media,
  };
  const named = words.some((word) => MACHINE_OPTION.test(word));
  const found = {
    arch,
    machine: named ? machine : undefined,
    memory,
    cpu,
    ...images,
    drives: drives.length > 0 ? drives : undefined,
    devices: devices?.map(({ driver, properties = {} }) =>
      Object.keys(properties).length > 0 ? { driver, properties } : { driver },
    ),
    folders: folders.length > 0 ? folders : undefined,
    append,
    boot,
    fwCfg,
    smbios,
    // It says what is so anyway on a board without a screen of its own.
    nographic: nographic && arch !== 'riscv64' ? true : undefined,
    vga,
    xres,
    yres,
    audiodev,
    icount,
    rtc,
    noReboot: noReboot || undefined,
    tier,
  };
  return Object.fromEntries(
    Object.entries(found).filter(([, value]) => value !== undefined),
  ) as unknown as VmConfig;
}
