/**
 * Playwright fixtures that boot guests in a browser page, and what can be expected of them. docs/playwright.md shows their use.
 */
export { chromiumLaunchOptions, SOFTWARE_WEBGPU_ARGS } from '../cli/chromium.ts';
export type { GuestConfig } from '../cli/runner-page.ts';
export type { SiteServer } from '../cli/site-server.ts';
export type { RunnerScreenState as ScreenState } from '../core/runner-api.ts';
export type {
  DriveState,
  KeyboardLayout,
  VmErrorCode,
  VmOutcome,
  VmReport,
  VmState,
} from '../core/vm-api.ts';
export {
  type MachinePage,
  type SnowglobeFixtures,
  type SnowglobeOptions,
  type SnowglobeWorkerFixtures,
  test,
  warmTest,
} from './fixtures.ts';
export type { MachineKeyboard } from './machine-keyboard.ts';
export type { ClickOptions, MachineMouse, MachineScreen, MouseButton } from './machine-screen.ts';
export { type ExpectTextOptions, expect, type MatchScreenshotOptions } from './matchers.ts';
export type { SerialConsole } from './serial-console.ts';
export { type BootOptions, VirtualMachine } from './virtual-machine.ts';
export type { WaitOptions } from '../core/waits.ts';
