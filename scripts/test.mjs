// npm test: installs what the tests need, builds, runs every suite and ends with "N passed, N failed" over all of them.
// npm test -- SUITE [filter …] runs one, npm test -- FILE … the test files with that in their paths; --long runs the long tests
// (*.long.test.ts, *.long.spec.ts) and nothing else.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { buildImagesIfPossible } from './build-image.mjs';
import { bold, dim, green, main, red, SetupError, say, seconds, yellow } from './lib/console.mjs';
import { ensureNodeModules } from './lib/node-modules.mjs';
import { ensureChromium, ensureQemuImg, ensureX86Assembler } from './lib/programs.mjs';
import { cacheDir, listFiles } from './lib/project.mjs';
import { binary, run, runVisibly } from './lib/run.mjs';

const node = process.execPath;
const PATTERNS = {
  unit: [['src', 'assembly', 'scripts', 'tests'], /\.test\.(ts|mjs)$/, /\.long\.test\.(ts|mjs)$/],
  e2e: [['e2e'], /\.spec\.ts$/, /\.long\.spec\.ts$/],
};

/** A suite that is one check: passes if each of its commands ends with status 0. */
async function check(title, ...commands) {
  let status = 0;
  for (const args of commands) {
    const result = await run(node, args);
    if (result.status !== 0) say(`${result.stdout}${result.stderr}`.trim());
    status ||= result.status;
  }
  say(status === 0 ? `  ${green('✓')} ${title}` : `  ${red('✗')} ${title}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** Runs a test runner and reads the counts from its JSON report. A report that is missing or a failure that it does not show is one failure. */
async function runner(name, args, env, counts) {
  const report = join(cacheDir, 'test', `${name}-${process.pid}.json`);
  mkdirSync(join(cacheDir, 'test'), { recursive: true });
  const status = await runVisibly(node, args(report), { env: env(report) });
  let result = { passed: 0, failed: 0, skipped: 0 };
  try {
    result = counts(JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    say(red(`${name}: the runner left no report (status ${status})`));
  }
  rmSync(report, { force: true });
  if (status !== 0 && result.failed === 0) result.failed = 1;
  return result;
}

const SUITES = {
  fresh: { title: 'Generated files are fresh', run: (title) => check(title, ['scripts/gen.mjs', '--check']) },
  lint: {
    title: 'Lint, format, imports',
    run: (title) =>
      check(
        title,
        [binary('@biomejs/biome/bin/biome'), 'check', '--diagnostic-level=error', '.'],
        ['scripts/check-imports.mjs'],
      ),
  },
  types: {
    title: 'Types and import rules',
    run: (title) => check(title, [binary('typescript/bin/tsc'), '-b']),
  },
  size: { title: 'Size budget of the page', built: true, run: (title) => check(title, ['scripts/size.mjs']) },
  unit: {
    title: 'Unit and instruction tests',
    built: true,
    run: (_, filter, env) =>
      runner(
        'unit',
        (report) => [
          ...[binary('vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json'],
          ...[`--outputFile.json=${report}`, ...filter],
        ],
        () => env,
        ({ numPassedTests, numFailedTests, numPendingTests, numTodoTests }) => ({
          passed: numPassedTests,
          failed: numFailedTests,
          skipped: numPendingTests + numTodoTests,
        }),
      ),
  },
  e2e: {
    title: 'Browser tests',
    built: true,
    browser: true,
    run: (_, filter, env) =>
      runner(
        'e2e',
        () => [binary('playwright/cli.js'), 'test', '--reporter=list,json', ...filter],
        (report) => ({ ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: report }),
        ({ stats, errors }) => ({
          passed: stats.expected + stats.flaky,
          failed: stats.unexpected + errors.length,
          skipped: stats.skipped,
          ...(stats.flaky > 0 && { note: `${stats.flaky} only when tried again` }),
        }),
      ),
  },
};

/** Whether a suite has test files, with one of `parts` in its path where there are any. */
const hasTests = (name, long, parts = []) => {
  const pattern = PATTERNS[name];
  if (!pattern) return !long && parts.length === 0;
  const [folders, some, longOnes] = pattern;
  const isWanted = (path) => parts.length === 0 || parts.some((part) => path.includes(part));
  return (
    listFiles(folders, (path) => some.test(path) && longOnes.test(path) === long && isWanted(path)).length > 0
  );
};

/** The suites that the words of a command line mean, and what their runners are told. */
function chosen(words, long) {
  const all = Object.keys(SUITES);
  const [suite, ...filter] = words;
  if (SUITES[suite]) return { names: [suite], filter };
  const names = all.filter((name) => hasTests(name, long, words));
  if (names.length === 0)
    throw new SetupError(
      `There is no suite "${words.join(' ')}" (${all.join(', ')}), nor a ${long ? 'long ' : ''}test file of that name`,
    );
  return { names, filter: words };
}

/** What the suites need: built sources, guest images and a browser. Returns whether they can run. */
async function prepare(names, long) {
  try {
    if (names.some((name) => SUITES[name].browser)) {
      await ensureChromium();
      await ensureX86Assembler();
    }
    await ensureQemuImg();
    await build({ tests: true });
    const { obstacle } = await buildImagesIfPossible({ unlisted: true, large: long });
    if (obstacle) say(yellow(`  No Linux guest, so its tests will fail: ${obstacle}`));
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${red('Error:')} ${error.message}`);
    return false;
  }
}

function summarise(results, start) {
  say(`\n${bold('Summary')}`);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, result] of Object.entries(results)) {
    const { passed, failed, skipped, ms, note } = result;
    for (const key of Object.keys(total)) total[key] += result[key];
    const mark = failed > 0 ? red('✗') : green('✓');
    const extra = [skipped > 0 ? `${skipped} skipped` : '', note ?? ''].filter(Boolean).join(', ');
    say(
      `  ${mark} ${SUITES[name].title.padEnd(28)} ${String(passed).padStart(6)} passed ${String(failed).padStart(4)} failed  ${dim(`${seconds(ms)} ${extra}`)}`,
    );
  }
  say(dim(`  ${seconds(Date.now() - start)} in all`));
  say(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    return say(
      `npm test [-- SUITE [FILTER …]]   suites: ${Object.keys(SUITES).join(', ')}\nnpm test -- FILE …               test files with that in their paths\nnpm run test:long [-- …]         the long tests`,
    );
  }
  const long = args.includes('--long');
  const words = args.filter((arg) => arg !== '--long');
  const { names, filter } = chosen(words, long);
  const start = Date.now();
  const results = {};
  const env = { SNOWGLOBE_LONG: long ? '1' : '0' };
  await ensureNodeModules();
  const runSuite = async (name) => {
    const began = Date.now();
    say(`\n${bold(SUITES[name].title)}`);
    const result = await SUITES[name].run(SUITES[name].title, filter, env);
    if (result.passed + result.failed === 0) Object.assign(result, { failed: 1, note: 'no test ran' });
    results[name] = { ...result, ms: Date.now() - began };
  };
  // The build rewrites generated files, so whether they are fresh is asked before it.
  for (const name of names.filter((name) => !SUITES[name].built)) await runSuite(name);
  const built = names.filter((name) => SUITES[name].built);
  if (built.length > 0) {
    say(`\n${bold('Set-up')}`);
    const ready = await prepare(built, long);
    for (const name of built) {
      if (ready) await runSuite(name);
      else results[name] = { passed: 0, failed: 1, skipped: 0, ms: 0, note: 'not run: the set-up failed' };
    }
  }
  return summarise(results, start);
});
