/** What a machine is made of in this page: the core, the worker's script, the default firmware. Loaded lazily. */
import riscvCoreUrl from '../../build/core.wasm?url';
import x86CoreUrl from '../../build/core-x86.wasm?url';
import type { LogSink } from '../core/log.ts';
import type { Vm, VmConfig } from '../core/vm-api.ts';
import { createVm } from '../machine/vm.ts';
import workerUrl from '../worker/entry.ts?worker&url';

export interface BootOptions {
  /** Where log messages go; default: warnings to the console. */
  log?: LogSink | undefined;
  /** Folder that has the cores and the worker's script, absolute; default: where this module lies. */
  assets?: string | undefined;
}

/** Where a file of the build lies. */
function locate(url: string, assets: string | undefined): URL {
  const built = new URL(url, import.meta.url);
  return assets === undefined ? built : new URL(built.pathname.split('/').at(-1)!, assets);
}

/** Starts a vCPU worker. From another origin only a script that imports it may be started. */
function createWorker(url: URL): Worker {
  const options = { type: 'module', name: 'vcpu' } as const;
  if (url.origin === location.origin) return new Worker(url, options);
  const script = URL.createObjectURL(
    new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' }),
  );
  const worker = new Worker(script, options);
  worker.addEventListener('message', () => URL.revokeObjectURL(script), { once: true });
  return worker;
}

/**
 * Builds a machine that is not started yet.
 * @param firmwareUrl what `-bios default` means on this page
 * @throws VmError bad-config or not-isolated
 */
export function bootVm(
  config: VmConfig,
  firmwareUrl: string | undefined,
  { log, assets }: BootOptions = {},
): Vm {
  return createVm(config, {
    core: (arch) => locate(arch === 'riscv64' ? riscvCoreUrl : x86CoreUrl, assets).href,
    createWorker: () => createWorker(locate(workerUrl, assets)),
    ...(firmwareUrl === undefined ? {} : { firmwareUrl }),
    ...(log && { log }),
  });
}
