/** Playwright's configuration for `snowglobe test`, made of what its command line says. */
import { fileURLToPath } from 'node:url';
import type { PlaywrightTestConfig } from 'playwright/test';
import { chromiumArgs, chromiumLaunchOptions } from '../cli/chromium.ts';
import type { VmTestRunPlan } from '../cli/vmtest/plan.ts';

/** For what comes before a test's own time, on a machine that does other things too. */
const START_LIMIT_MS = 120_000;

export function vmTestConfig(plan: VmTestRunPlan): PlaywrightTestConfig {
  const {
    root,
    generated,
    output,
    workers,
    retries,
    repeatEach,
    maxFailures,
    shard,
    trace,
    headed,
    connect,
  } = plan;
  return {
    // Reports name files as seen from here; what Playwright loads lies elsewhere.
    testDir: root,
    projects: [{ testDir: generated, testMatch: '**/*.spec.mjs' }],
    outputDir: output,
    // Names come with the folder of their test file.
    snapshotPathTemplate: `${root}/{arg}{ext}`,
    fullyParallel: true,
    // For browser and page; a test sets its own limit by what is in it.
    timeout: START_LIMIT_MS,
    workers,
    retries,
    repeatEach,
    ...(maxFailures !== null && { maxFailures }),
    ...(shard && { shard }),
    ...(plan.seconds !== null && { globalTimeout: plan.seconds * 1000 }),
    reporter: [
      [fileURLToPath(new URL('./vmtest-reporter.js', import.meta.url))],
      ...plan.reporters.map(({ name, file }): [string, Record<string, string>] => [
        name,
        { ...(file !== null && { [name === 'html' ? 'outputFolder' : 'outputFile']: file }), open: 'never' },
      ]),
    ],
    use: {
      browserName: 'chromium',
      headless: !headed,
      trace,
      ...(connect === null
        ? { launchOptions: chromiumLaunchOptions(headed) }
        : {
            launchOptions: { args: chromiumArgs() },
            // The pages come from this computer, wherever the browser is.
            connectOptions: { wsEndpoint: connect, exposeNetwork: '<loopback>' },
          }),
    },
  };
}
