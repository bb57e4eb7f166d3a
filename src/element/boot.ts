/** What a machine is made of in this page: the compiled core, the worker's script, the default firmware. Loaded lazily. */
import coreUrl from '../../build/core.wasm?url';
import { VmError } from '../core/errors.ts';
import type { Vm, VmConfig } from '../core/vm-api.ts';
import { createVm } from '../machine/vm.ts';
import workerUrl from '../worker/entry.ts?worker&url';

let core: Promise<WebAssembly.Module> | null = null;

/** Compiles the core once for all machines of the page. */
async function compileCore(): Promise<WebAssembly.Module> {
  const response = await fetch(coreUrl).catch((cause) => {
    throw new VmError('not-found', `The machine's core could not be loaded from ${coreUrl}.`, { cause });
  });
  if (!response.ok) {
    throw new VmError(
      'not-found',
      `The machine's core could not be loaded: ${coreUrl} answers ${response.status}.`,
    );
  }
  // Servers that do not know .wasm send another type, which compileStreaming refuses.
  return response.headers.get('Content-Type')?.startsWith('application/wasm')
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/** Starts a vCPU worker. From another origin only a script that imports it may be started. */
function createWorker(): Worker {
  const url = new URL(workerUrl, import.meta.url);
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
 * @throws VmError
 */
export async function bootVm(config: VmConfig, firmwareUrl: string | undefined): Promise<Vm> {
  core ??= compileCore();
  const module = await core.catch((error) => {
    core = null;
    throw error;
  });
  return createVm(config, {
    core: module,
    createWorker,
    ...(firmwareUrl === undefined ? {} : { firmwareUrl }),
  });
}
