import type { BrowserCache } from '../../block/stream/browser-cache.ts';
import { VmError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { FwCfgEntry, ImageSource, VmConfig, VmEvents } from '../../core/vm-api.ts';
import type { ResolvedConfig } from '../config.ts';
import { gunzip, loadImage } from './image-source.ts';
import { checkInitrd } from './initrd-check.ts';
import type { BootImages } from './riscv-boot.ts';

export interface BootImagesContext {
  /** Absolute URL of the firmware for `bios: 'default'`; its other files lie beside it. */
  firmwareUrl: string | undefined;
  log: Log;
  onProgress: (progress: VmEvents['progress']) => void;
  signal: AbortSignal;
  cache?: BrowserCache | null;
}

/**
 * Loads all that lies in memory before the first instruction: firmware with its ROMs, kernel, initrd, the files of fw_cfg.
 * @throws VmError not-found and what `loadImage` and `checkInitrd` throw
 */
export async function loadBootImages(
  config: Readonly<VmConfig>,
  resolved: ResolvedConfig,
  context: BootImagesContext,
): Promise<BootImages> {
  const one = async (source: ImageSource | undefined, what: string): Promise<Uint8Array | null> => {
    if (source === undefined) return null;
    const { onProgress, signal, cache } = context;
    const options = { what, onProgress, signal, cache };
    const bytes = await loadImage(source, options);
    // The guest unpacks its initrd itself.
    if (what === 'firmware' || what === 'kernel') return gunzip(bytes, options);
    if (what !== 'initrd') return bytes;
    await checkInitrd(bytes);
    return bytes;
  };
  const fwCfgFile = async ({ name, string, file }: FwCfgEntry) => {
    const bytes = file === undefined ? new TextEncoder().encode(string) : await one(file, name);
    return { name, bytes: bytes ?? new Uint8Array(0) };
  };
  const [firmware, kernel, initrd, roms, fwCfg] = await Promise.all([
    one(biosSource(config, resolved, context.firmwareUrl), 'firmware'),
    one(config.kernel, 'kernel'),
    one(config.initrd, 'initrd'),
    loadRoms(resolved.board.firmware.roms, context),
    Promise.all((config.fwCfg ?? []).map(fwCfgFile)),
  ]);
  return { firmware, kernel, initrd, roms, fwCfg };
}

/** What runs before or instead of a kernel; undefined: nothing does. */
function biosSource(
  config: Readonly<VmConfig>,
  resolved: ResolvedConfig,
  firmwareUrl: string | undefined,
): ImageSource | undefined {
  const { name, withKernel } = resolved.board.firmware;
  // Firmware in flash memory.
  if (resolved.drives.some((drive) => drive.interface === 'pflash')) return undefined;
  if (config.bios === 'none') return undefined;
  if (config.bios !== undefined && config.bios !== 'default') return config.bios;
  if (config.kernel !== undefined && !withKernel) return undefined;
  if (firmwareUrl) return firmwareUrl;
  throw new VmError(
    'not-found',
    `The default firmware (${name}) is not here: say where it is (the element's attribute firmware), or give ` +
      (withKernel ? '-bios none or a file.' : 'a file (-bios) or a kernel (-kernel).'),
  );
}

/** The files beside the default firmware that the board uses. One that is not there is done without. */
async function loadRoms(
  names: readonly string[],
  context: BootImagesContext,
): Promise<Record<string, Uint8Array>> {
  const { firmwareUrl, log, signal, cache } = context;
  const roms: Record<string, Uint8Array> = {};
  if (firmwareUrl === undefined) return roms;
  const load = async (name: string): Promise<void> => {
    try {
      roms[name] = await loadImage(new URL(name, firmwareUrl).href, {
        what: name,
        onProgress: () => {},
        signal,
        cache,
      });
    } catch (error) {
      // What was given up is not missing.
      if (signal?.aborted || !(error instanceof VmError) || error.code !== 'not-found') throw error;
      log.warn('firmware', error.message);
    }
  };
  await Promise.all(names.map(load));
  return roms;
}
