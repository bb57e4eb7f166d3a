import { hostFma } from './fma.ts';

/** What the core imports. `now`: ms by a clock that never runs backwards. */
export function coreImports(memory: WebAssembly.Memory, now: () => number): WebAssembly.Imports {
  return {
    env: {
      memory,
      fma: hostFma(),
      now,
      abort: (_message: number, _file: number, line: number, column: number) => {
        throw new Error(`assertion failed in the core at line ${line}:${column}`);
      },
    },
  };
}
