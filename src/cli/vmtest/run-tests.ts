/** `snowglobe test`: reads all test files, then has Playwright Test run them. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants as osConstants, tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkDesktop, findChromium } from '../chromium.ts';
import { packageRoot } from '../guest-files.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_TIMEOUT, EXIT_USAGE } from '../report.ts';
import { siteFolder } from '../site-server.ts';
import { UsageError } from '../../command/usage-error.ts';
import { describeProblem, parseVmTest } from './parse.ts';
import type { VmTestRunPlan } from './plan.ts';
import { parseTestOptions, type TestOptions, testHelpText } from './test-options.ts';

const EXTENSION = '.vmtest';
/** Folders in which nobody's tests are. */
const SKIPPED = new Set(['node_modules', '.git']);
/** For Playwright to close its browsers after a signal; then it is killed. */
const CLOSE_LIMIT_MS = 20_000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @returns the exit status @throws UsageError, HostError */
export async function runTests(argv: readonly string[]): Promise<number> {
  const options = parseTestOptions(argv);
  if (options.help) {
    process.stdout.write(testHelpText());
    return EXIT_OK;
  }
  const files = findFiles(options.paths);
  if (files.length === 0 && !options.passWithNoTests)
    throw new UsageError(`there is no ${EXTENSION} file in ${options.paths.join(', ')}`);
  checkOutput(options.output, files);
  const problems = files.flatMap((path) => {
    const parsed = parseVmTest(path, readFileSync(path, 'utf8'));
    const shown = relative(process.cwd(), path);
    return Array.isArray(parsed) ? parsed.map((problem) => describeProblem(shown, problem)) : [];
  });
  if (problems.length > 0) {
    process.stderr.write(`${problems.join('\n')}\n`);
    return EXIT_USAGE;
  }
  if (!options.list) checkHost(options);
  const folder = mkdtempSync(join(tmpdir(), 'snowglobe-test-'));
  try {
    generate(folder, files, options);
    return await runPlaywright(folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Playwright empties the folder for its results: nothing of the user's may be in it. */
function checkOutput(output: string, files: readonly string[]): void {
  const folder = resolve(output);
  const held = [process.cwd(), ...files].find((path) => `${path}${sep}`.startsWith(`${folder}${sep}`));
  if (held !== undefined)
    throw new UsageError(
      `--output ${output}: this folder is emptied first, and ${held} is in it; name another`,
    );
  const status = statSync(folder, { throwIfNoEntry: false });
  if (status && !status.isDirectory()) throw new UsageError(`--output ${output}: this is no folder`);
}

/** Says in one line what Playwright would say once for each test. @throws HostError */
function checkHost({ connect, headed }: TestOptions): void {
  siteFolder();
  if (connect !== null) return;
  findChromium();
  if (headed) checkDesktop();
}

function findFiles(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status) throw new UsageError(`${path}: there is no such file or folder`);
    if (!status.isDirectory()) {
      if (!path.endsWith(EXTENSION)) throw new UsageError(`${path}: a test file's name ends in ${EXTENSION}`);
      found.add(resolve(path));
      continue;
    }
    const visit = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const name = join(folder, entry.name);
        if (entry.isDirectory() && !SKIPPED.has(entry.name)) visit(name);
        else if (entry.isFile() && entry.name.endsWith(EXTENSION)) found.add(name);
      }
    };
    visit(resolve(path));
  }
  return [...found].sort();
}

/** The folder that holds all files: the one of the command, if it does. */
function commonFolder(files: readonly string[]): string {
  let folder = process.cwd();
  while (!files.every((file) => file.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
    folder = dirname(folder);
  return folder;
}

/** Writes what Playwright loads into `folder`. */
function generate(folder: string, files: readonly string[], options: TestOptions): void {
  const module = (name: string) =>
    JSON.stringify(pathToFileURL(join(packageRoot, 'build/ts/playwright', name)).href);
  const root = commonFolder(files);
  const generated = join(folder, 'tests');
  const { grep, grepInvert } = options;
  mkdirSync(generated, { recursive: true });
  for (const file of files) {
    const name = relative(root, file);
    // Playwright leaves this ending out of the names of its folders.
    const path = join(generated, `${name}.spec.mjs`);
    mkdirSync(dirname(path), { recursive: true });
    const args = [file, { name, grep, grepInvert }].map((arg) => JSON.stringify(arg)).join(', ');
    writeFileSync(
      path,
      `import { registerVmTests } from ${module('vmtest.js')};\nregisterVmTests(${args});\n`,
    );
  }
  const { workers, retries, repeatEach, maxFailures, shard, seconds, trace, headed, connect } = options;
  const plan: VmTestRunPlan = {
    root,
    generated,
    output: resolve(options.output),
    ...{ workers, retries, repeatEach, maxFailures, shard, seconds, trace, headed, connect },
    reporters: options.reporters.map(({ name, file }) => ({ name, file: file && resolve(file) })),
  };
  const config = `import { vmTestConfig } from ${module('vmtest-config.js')};\nexport default vmTestConfig(${JSON.stringify(plan)});\n`;
  writeFileSync(join(folder, 'playwright.config.mjs'), config);
}

/** Playwright's program. */
function playwrightCli(): string {
  const manifest = createRequire(import.meta.url).resolve('playwright/package.json');
  return join(dirname(manifest), 'cli.js');
}

async function runPlaywright(
  folder: string,
  { list, updateSnapshots, passWithNoTests }: TestOptions,
): Promise<number> {
  const status = join(folder, 'status');
  const args = [
    playwrightCli(),
    'test',
    `--config=${join(folder, 'playwright.config.mjs')}`,
    ...(list ? ['--list'] : []),
    ...(updateSnapshots ? ['--update-snapshots=all'] : []),
    ...(passWithNoTests ? ['--pass-with-no-tests'] : []),
  ];
  // It is in the configuration, with the way back to this computer.
  const { PW_TEST_CONNECT_WS_ENDPOINT: _, ...env } = process.env;
  // In a group of its own: Ctrl-C comes to us alone, and Playwright is told once.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { ...env, SNOWGLOBE_TEST_STATUS: status },
  });
  let signal: (typeof SIGNALS)[number] | undefined;
  let timer: NodeJS.Timeout | undefined;
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It is gone.
    }
  };
  const listeners = SIGNALS.map((name) => {
    const listener = () => {
      if (signal !== undefined) return kill();
      signal = name;
      child.kill('SIGINT');
      timer = setTimeout(kill, CLOSE_LIMIT_MS);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  const code = await new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  clearTimeout(timer);
  for (const off of listeners) off();
  if (signal !== undefined) return 128 + osConstants.signals[signal];
  if (readStatus(status) === 'timedout') return EXIT_TIMEOUT;
  return code === 0 ? EXIT_OK : EXIT_FAILED;
}

function readStatus(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
