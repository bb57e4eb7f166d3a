/** Types for templates of other libraries, such as JSX: the element's attributes and its events. types/ has what React and Vue make of them. */
import type { VmConsoleEventMap } from './events.ts';

type Count = number | string;
/** An attribute that is there or not. In JSX and Vue `true` sets it and `false` does not. */
type Switch = boolean | '';

/** Every attribute of `<vm-console>`, as docs/vm-console.md has them. */
export interface VmConsoleAttributes {
  arch?: 'riscv64' | 'i386' | 'x86_64' | (string & {});
  machine?: string;
  memory?: Count;
  cpu?: string;
  smp?: Count;
  bios?: string;
  kernel?: string;
  initrd?: string;
  hda?: string;
  hdb?: string;
  hdc?: string;
  hdd?: string;
  cdrom?: string;
  fda?: string;
  fdb?: string;
  drives?: string;
  append?: string;
  devices?: string;
  'fw-cfg'?: string;
  smbios?: string;
  nographic?: Switch;
  boot?: string;
  icount?: Count;
  rtc?: string;
  'no-reboot'?: Switch;
  vga?: 'std' | 'virtio' | 'none';
  xres?: Count;
  yres?: Count;
  audiodev?: 'webaudio' | 'none';
  cache?: Count;
  tier?: 'auto' | 'interp' | 'jit' | 'check';
  firmware?: string;
  assets?: string;
  autostart?: Switch;
  label?: string;
  keyboard?: string;
  'follow-size'?: Switch | 'device';
  scaling?: 'smooth' | 'fit' | 'integer';
  zoom?: Count;
  view?: 'screen' | 'serial' | 'both';
  console?: Count;
  touch?: 'auto' | 'screen' | 'trackpad';
  theme?: 'dark' | 'light' | 'auto';
  muted?: Switch;
  toolbar?: 'none';
  readonly?: Switch;
  'file-drop'?: 'off';
  'screen-reader'?: Switch;
  scrollback?: Count;
  'min-columns'?: Count;
  'min-rows'?: Count;
  'terminal-size'?: string;
}

/** Listeners as React takes them for elements of one's own: `onvm-state`. */
export type VmConsoleListeners = {
  [K in keyof VmConsoleEventMap as `on${K}`]?: (event: VmConsoleEventMap[K]) => void;
};
