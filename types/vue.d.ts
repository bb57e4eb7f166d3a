/** `<vm-console>` in Vue's templates: `import type {} from 'snowglobe/vue'`. */
import type { VmConfig, VmConsoleAttributes, VmConsoleEventMap } from 'snowglobe/vm-console';
import type { DefineComponent } from 'vue';

/** `terminal-size`: `TerminalSize`. */
type Pascal<T extends string> = T extends `${infer Word}-${infer Rest}`
  ? `${Capitalize<Word>}${Pascal<Rest>}`
  : Capitalize<T>;

/** Listeners as templates write them, `@vm-state`, and as render functions do. */
type Listeners = {
  [K in keyof VmConsoleEventMap as `onVm${K extends `vm-${infer Name}` ? Pascal<Name> : never}`]?: (
    event: VmConsoleEventMap[K],
  ) => void;
};

declare module 'vue' {
  interface GlobalComponents {
    'vm-console': DefineComponent<VmConsoleAttributes & Listeners & { config?: Partial<VmConfig> }>;
  }
}
