import { defineConfig } from 'playwright/test';
import { chromiumLaunchOptions, SOFTWARE_WEBGPU_ARGS } from './src/cli/chromium.ts';

/** `SNOWGLOBE_LONG=1` (npm run test:long) runs *.long.spec.ts and nothing else; an ordinary run leaves them out. */
const long = process.env.SNOWGLOBE_LONG === '1';

const launchOptions = chromiumLaunchOptions();

export default defineConfig({
  testDir: 'e2e',
  testMatch: long ? '**/*.long.spec.ts' : '**/*.spec.ts',
  testIgnore: long ? [] : '**/*.long.spec.ts',
  // A guest keeps a core busy, and a test waits for pages and pictures as well. What takes long has the machine for itself.
  workers: long ? 1 : 2,
  // Limits are for hangs: what takes a second may take twenty on a machine that does other things.
  timeout: long ? 900_000 : 180_000,
  expect: { timeout: 30_000 },
  // Real browsers and guests share few cores: one that fails is tried once more, and the summary tells how many passed only then. Each of those is a defect to be mended.
  retries: long ? 0 : 1,
  forbidOnly: true,
  reporter: 'list',
  use: {
    browserName: 'chromium',
    launchOptions: { ...launchOptions, args: [...launchOptions.args, ...SOFTWARE_WEBGPU_ARGS] },
    // Requests go past a service worker's to what a test puts in their way.
    serviceWorkers: 'block',
    permissions: ['clipboard-read', 'clipboard-write'],
    screenshot: 'only-on-failure',
  },
});
