// Builds what is stale: generated sources, the cores (AssemblyScript → build/core*.wasm), the command line
// (tsc → build/ts) and the site (vite → build/site). `--force` builds everything, `--only core,ts` some steps.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { main, SetupError, say, step } from './lib/console.mjs';
import { removeLeftovers, withLock } from './lib/lock.mjs';
import { ensureNodeModules } from './lib/node-modules.mjs';
import { buildDir, hashFiles, isFresh, listFiles, markFresh, root, shown } from './lib/project.mjs';
import { binary, runNode, runOrFail } from './lib/run.mjs';

const notTest = (path) => !/\.test\.(ts|mjs)$|\/(tests|fixtures)\//.test(path);

/**
 * The core is built without asserts and without a heap of its own. One instance per vCPU imports the one shared memory,
 * so constant data must lie where the memory map says (`--memoryBase`), below the vCPU's structures.
 */
const CORE_FLAGS = [
  ...[
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--importMemory',
    '--sharedMemory',
    '--exportTable',
  ],
  ...['--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '4096', '--enable', 'threads,simd'],
];

const temporary = (path) => join(dirname(path), `.${process.pid}.${path.split(/[\\/]/).pop()}`);

/** The tests' cores export what only tests call, check their own assertions and validate the IR of every block that they make. */
const DEBUG_CORE_FLAGS = CORE_FLAGS.filter((flag) => flag !== '--noAssert');

async function buildCore(file, entry, flags) {
  const target = join(buildDir, file);
  const partial = temporary(target);
  const args = [binary('assemblyscript/bin/asc.js'), entry, '-o', partial, ...flags];
  try {
    await runOrFail('Compiling the core (asc)', process.execPath, args);
    renameSync(partial, target);
  } finally {
    rmSync(partial, { force: true });
  }
}

async function buildByVite(folder, config) {
  const target = join(buildDir, folder);
  const partial = temporary(target);
  const args = [
    binary('vite/bin/vite.js'),
    'build',
    '--config',
    config,
    '--outDir',
    partial,
    '--logLevel',
    'warn',
  ];
  try {
    await runOrFail(`Building build/${folder} (vite)`, process.execPath, args);
    const old = temporary(join(buildDir, `${folder}-old`));
    if (existsSync(target)) renameSync(target, old);
    renameSync(partial, target);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** A step that compiles one core; each entry links one guest architecture. */
function coreStep(name, file, entry, forTests = false) {
  const flags = forTests ? DEBUG_CORE_FLAGS : CORE_FLAGS;
  return {
    name,
    title: `Compiling the core (AssemblyScript → build/${file})`,
    forTests,
    extra: flags.join(' '),
    inputs: () =>
      listFiles(
        ['assembly', 'package-lock.json'],
        (path) => path === entry || (notTest(path) && /\.ts$|lock/.test(path)),
      ),
    outputs: [join(buildDir, file)],
    build: () => buildCore(file, entry, flags),
  };
}

/** The cores that the site and the library carry. */
const CORES = ['core', 'core-x86'];

/** `after` names the steps whose output a step reads, besides `gen`. */
const STEPS = [
  {
    name: 'gen',
    title: 'Generating sources (scripts/gen-*.mjs)',
    inputs: () => listFiles(['assembly', 'src', 'scripts'], notTest),
    outputs: [],
    build: () => runNode('Generating sources', 'scripts/gen.mjs'),
  },
  coreStep('core', 'core.wasm', 'assembly/index.ts'),
  coreStep('core-x86', 'core-x86.wasm', 'assembly/index-x86.ts'),
  coreStep('core-debug', 'core.debug.wasm', 'assembly/testing.ts', true),
  coreStep('core-x86-debug', 'core-x86.debug.wasm', 'assembly/testing-x86.ts', true),
  {
    name: 'ts',
    title: 'Compiling the command line and all types (TypeScript → build/ts)',
    // Types of the rest are npm test's business (tsc -b); a half-edited test keeps nobody from starting.
    inputs: () => listFiles(['src', 'tsconfig.base.json', 'package-lock.json'], notTest),
    outputs: [join(buildDir, 'ts', 'cli')],
    build: () =>
      runOrFail('Compiling (tsc -b)', process.execPath, [
        binary('typescript/bin/tsc'),
        '-b',
        'src/cli',
        'src/playwright',
        'src/element',
      ]),
  },
  {
    name: 'site',
    title: 'Building the site (vite → build/site)',
    after: CORES,
    inputs: () =>
      listFiles(['src', 'public', 'package-lock.json'], notTest).concat(
        listFiles(
          ['index.html', 'runner.html', 'vite.config.ts', 'build/core.wasm', 'build/core-x86.wasm'],
          undefined,
          [],
        ),
        // The doors, what checks them, and the recipes that they name.
        listFiles(
          ['gallery', 'scripts/lib', 'images'],
          (path) => /^gallery\/|\/gallery[^/]*$|\/(recipe|image)\.json$/.test(path) && notTest(path),
        ),
      ),
    outputs: [join(buildDir, 'site')],
    build: () => buildByVite('site', 'vite.config.ts'),
  },
  {
    name: 'lib',
    title: 'Building the component for other sites (vite → build/lib)',
    after: CORES,
    inputs: () =>
      listFiles(['src', 'package-lock.json'], notTest).concat(
        listFiles(
          ['vite.lib.config.ts', 'public/vm-console-isolation.js', 'build/core.wasm', 'build/core-x86.wasm'],
          undefined,
          [],
        ),
      ),
    outputs: [join(buildDir, 'lib')],
    build: () => buildByVite('lib', 'vite.lib.config.ts'),
  },
];

export const STEP_NAMES = STEPS.map(({ name }) => name);

/** A compiler of a core takes some 1 GB. */
const AT_ONCE = Math.min(2, availableParallelism());

/** Runs tasks in the order in which they come, so many at once. */
function limiter(atOnce) {
  let free = atOnce;
  const waiting = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** Builds a step if it is stale. Returns whether it was. */
async function buildStep({ name, title, inputs, outputs, extra, build: work }, force) {
  // Hashed before the work: an edit made meanwhile is then stale, not lost. Generators rewrite their own inputs.
  let hash = hashFiles(inputs(), extra);
  if (!force && isFresh(name, hash, outputs)) return false;
  await step(title, async () => {
    await work();
  });
  if (name === 'gen') hash = hashFiles(inputs(), extra);
  markFresh(name, hash);
  return true;
}

/** Builds the named steps (all; what only tests need with `tests`), each only if its inputs changed. Returns the names of those it built. */
export async function build({ only, tests = false, force = false } = {}) {
  await ensureNodeModules();
  mkdirSync(buildDir, { recursive: true });
  return withLock('build', async () => {
    removeLeftovers(buildDir);
    const wanted = STEPS.filter(({ name, forTests }) => (only ? only.includes(name) : tests || !forTests));
    const [gen] = wanted.filter(({ name }) => name === 'gen');
    const built = gen && (await buildStep(gen, force)) ? ['gen'] : [];
    const limit = limiter(AT_ONCE);
    const steps = new Map();
    for (const wish of wanted.filter((one) => one !== gen)) {
      const before = (wish.after ?? []).map((name) => steps.get(name));
      const work = async () => {
        if (await buildStep(wish, force)) built.push(wish.name);
      };
      steps.set(
        wish.name,
        Promise.all(before).then(() => limit(work)),
      );
    }
    // The lock is given back when nothing works any more, and what failed first is told.
    const failed = (await Promise.allSettled(steps.values())).find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
    return built;
  });
}

if (process.argv[1] && existsSync(process.argv[1]) && shown(process.argv[1]) === 'scripts/build.mjs') {
  await main(async () => {
    const { values } = parseArgs({
      options: {
        force: { type: 'boolean' },
        only: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return say(`npm run build [-- --force] [-- --only ${STEP_NAMES.join(',')}]`);
    const only = values.only?.split(',');
    const unknown = only?.find((name) => !STEP_NAMES.includes(name));
    if (unknown) throw new SetupError(`unknown step "${unknown}": there are ${STEP_NAMES.join(', ')}`);
    const built = await build({ only, tests: true, force: values.force });
    say(built.length ? `Built in ${shown(join(root, 'build'))}/.` : 'Everything is up to date.');
  });
}
