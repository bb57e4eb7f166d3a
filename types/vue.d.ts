/** `<vm-console>` in Vue's templates: `import type {} from 'snowglobe/vue'`. */
import type { VmConfig, VmConsoleAttributes, VmConsoleEventMap } from 'snowglobe/vm-console';
import type { DefineComponent } from 'vue';

/** Listeners as templates write them, `@vm-state`, and as render functions do. */
type Listeners = {
  [K in keyof VmConsoleEventMap as `onVm${K extends `vm-${infer Name}` ? Capitalize<Name> : never}`]?: (
    event: VmConsoleEventMap[K],
  ) => void;
};

declare module 'vue' {
  interface GlobalComponents {
    'vm-console': DefineComponent<VmConsoleAttributes & Listeners & { config?: Partial<VmConfig> }>;
  }
}
