/**
 * The public API of the component. Importing this module defines `<vm-console>`.
 *
 *     import './vm-console.js';
 *     <vm-console arch="riscv64" kernel="Image" initrd="rootfs.cpio.gz" memory="512" autostart></vm-console>
 */
import { VmConsole } from './vm-console.ts';

export { VmError } from '../core/errors.ts';
export type {
  ImageSource,
  SerialStream,
  Tier,
  Unsubscribe,
  Vm,
  VmConfig,
  VmErrorCode,
  VmEvents,
  VmFolder,
  VmOutcome,
  VmProgress,
  VmReport,
  VmState,
} from '../core/vm-api.ts';
export type { KeyboardLayout } from '../core/keyboard-layouts.ts';
export type { SoundState } from '../sound/speaker-output.ts';
export type { VmConsoleEventMap } from './events.ts';
export type { DroppedFile, FileDrop } from './file-drop.ts';
export { type Failure, missingFeature } from './failure.ts';
export { formatBytes, formatMemory } from './format.ts';
export {
  configFromText,
  imageName,
  isLocalImage,
  parseMemory,
  TIERS,
  VM_OPTIONS,
  type VmOption,
} from './options.ts';
export type { PopOutKind } from './pop-out.ts';
export type { Following } from './followed-size.ts';
export type { Scaling, ScreenInput, ScreenPanel } from './screen-panel.ts';
export type { View } from './screen-switch.ts';
export type { TextWaitOptions } from './text-waits.ts';
export type { VmConsoleAttributes, VmConsoleListeners } from './template-types.ts';
export { VmConsole };

// Two copies of the component on one page must not fight for the name.
if (!customElements.get('vm-console')) customElements.define('vm-console', VmConsole);
