/** What a machine is made of in this page: the core, the worker's script, the default firmware. Loaded lazily. */
import riscvCoreUrl from '../../build/core.wasm?url';
import x86CoreUrl from '../../build/core-x86.wasm?url';
import type { LogSink } from '../core/log.ts';
import type { Vm, VmConfig } from '../core/vm-api.ts';
import { createVm } from '../machine/vm.ts';
import workerUrl from '../worker/entry.ts?worker&url';

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
 * @param log where log messages go; default: warnings to the console
 * @throws VmError bad-config or not-isolated
 */
export function bootVm(config: VmConfig, firmwareUrl: string | undefined, log?: LogSink): Vm {
  return createVm(config, {
    core: (arch) => (arch === 'riscv64' ? riscvCoreUrl : x86CoreUrl),
    createWorker,
    ...(firmwareUrl === undefined ? {} : { firmwareUrl }),
    ...(log && { log }),
  });
}
