/** What one `snowglobe test` command asks for, as it is handed to Playwright's configuration (src/playwright/vmtest-config.ts). */
export interface VmTestRunPlan {
  /** Folder that paths in reports start from. */
  root: string;
  /** Folder of what Playwright loads: one module for each .vmtest file. */
  generated: string;
  /** Folder for traces, pictures and logs of tests that failed. */
  output: string;
  workers: number;
  retries: number;
  repeatEach: number;
  maxFailures: number | null;
  shard: { current: number; total: number } | null;
  /** Seconds for the whole run. */
  seconds: number | null;
  trace: TraceMode;
  headed: boolean;
  /** Address of a Playwright server whose browsers are used. */
  connect: string | null;
  reporters: { name: string; file: string | null }[];
}

export const TRACE_MODES = ['on', 'off', 'retain-on-failure', 'on-first-retry', 'on-all-retries'] as const;
export type TraceMode = (typeof TRACE_MODES)[number];
