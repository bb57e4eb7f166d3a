/** `<vm-console>` in JSX: `import type {} from 'snowglobe/react'`. For React 19, which knows elements of one's own. */
import type { ClassAttributes, HTMLAttributes } from 'react';
import type { VmConfig, VmConsole, VmConsoleAttributes, VmConsoleListeners } from 'snowglobe/vm-console';

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'vm-console': Omit<HTMLAttributes<VmConsole>, keyof VmConsoleAttributes> &
        ClassAttributes<VmConsole> &
        VmConsoleAttributes &
        VmConsoleListeners & { config?: Partial<VmConfig> };
    }
  }
}
