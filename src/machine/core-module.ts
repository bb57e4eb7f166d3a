import { VmError } from '../core/errors.ts';
import type { VcpuHost } from './vcpu-host.ts';

/** Compiled cores by URL: the machines of a page share one compilation. */
const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles the accelerator, or returns it if it is compiled already.
 * @throws VmError not-found or internal
 */
export function loadCore(core: WebAssembly.Module | string): Promise<WebAssembly.Module> {
  if (typeof core !== 'string') return Promise.resolve(core);
  let module = compiled.get(core);
  if (!module) {
    module = compile(core);
    compiled.set(core, module);
    // A failure is not remembered: the next machine tries again.
    module.catch(() => compiled.delete(core));
  }
  return module;
}

/** Modules that a worker of this page has warmed up, or is about to. */
const warm = new WeakSet<WebAssembly.Module>();

/** Has the worker warm the core up, unless another one of this page did: what the engine optimises belongs to the module. */
export function warmUpOnce(module: WebAssembly.Module, arch: string, vcpu: Pick<VcpuHost, 'warmUp'>): void {
  if (!warm.has(module) && vcpu.warmUp({ module, arch })) warm.add(module);
}

async function compile(url: string): Promise<WebAssembly.Module> {
  let bytes: ArrayBuffer;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    if (response.headers.get('content-type')?.startsWith('application/wasm')) {
      return await WebAssembly.compileStreaming(response);
    }
    bytes = await response.arrayBuffer();
  } catch (cause) {
    if (cause instanceof WebAssembly.CompileError) throw broken(url, cause);
    throw new VmError(
      'not-found',
      `The accelerator could not be loaded from ${url}: reload the page, or build it anew.`,
      {
        cause,
      },
    );
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw broken(url, cause);
  }
}

function broken(url: string, cause: unknown): VmError {
  return new VmError('internal', `The accelerator at ${url} is no valid WebAssembly module: build it anew.`, {
    cause,
  });
}
