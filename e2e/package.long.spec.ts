/** The package as npm makes it, in a folder of its own that has nothing but what its manifest asks for: the docs' first examples run there. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'playwright/test';
import { assembleGuest, image, repository } from './support/images.ts';

const run = (folder: string, file: string, args: string[]): string =>
  execFileSync(file, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } });

/** The code blocks of a page of the documentation, by their languages. */
function examples(page: string, language: string): string[] {
  const text = readFileSync(join(repository, 'docs', page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, its, code]) =>
    its === language ? [code] : [],
  );
}

/** Copies packages of this repository's into a project. */
function bring(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(repository, 'node_modules', name), target, { recursive: true });
  }
}

/** What the compiler says of a project. */
function problems(folder: string): string {
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  try {
    return run(folder, process.execPath, [tsc, '-p', '.']);
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Every path of a manifest's exports. */
const paths = (exported: string | Record<string, unknown>): string[] =>
  typeof exported === 'string' ? [exported] : Object.values(exported).flatMap((one) => paths(one as string));

/** A project that has installed the package, with links in the place of its dependencies. */
function install(folder: string): string {
  mkdirSync(join(folder, 'node_modules/snowglobe'), { recursive: true });
  const [{ filename }] = JSON.parse(
    run(repository, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  );
  run(folder, 'tar', ['-xzf', filename, '--strip-components=1', '-C', 'node_modules/snowglobe']);
  const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/snowglobe/package.json'), 'utf8'));
  const needed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  // What npm would bring along with playwright, and a TypeScript project has.
  bring(folder, [...needed, 'playwright-core', '@types/node', 'undici-types']);
  mkdirSync(join(folder, 'node_modules/.bin'));
  for (const [name, file] of Object.entries<string>(manifest.bin))
    symlinkSync(join('../snowglobe', file), join(folder, 'node_modules/.bin', name));
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "type": "module" }');
  return folder;
}

test('the first examples of the documentation run with the package', async () => {
  test.setTimeout(300_000);
  const folder = install(test.info().outputPath('project'));
  const guest = image('riscv64-debian');
  // What the package opensbi brings, whether or not it is installed here.
  const firmware = '.cache/images/firmware/opensbi-riscv64';
  cpSync(join(repository, firmware), join(folder, 'node_modules/snowglobe', firmware), { recursive: true });
  cpSync(guest.kernel!, join(folder, 'vmlinux'));
  cpSync(guest.initrd!, join(folder, 'tiny.img'));

  const [config, spec] = examples('playwright.md', 'ts');
  expect(config).toContain('defineConfig(');
  expect(spec).toContain("test('the guest greets'");
  writeFileSync(join(folder, 'playwright.config.ts'), config);
  writeFileSync(join(folder, 'guest.spec.ts'), spec);
  const cli = join(folder, 'node_modules/playwright/cli.js');
  expect(run(folder, process.execPath, [cli, 'test', '--reporter=list'])).toContain('1 passed');

  const [vmtest] = examples('vmtest.md', '').filter((code) => code.includes('expect-end'));
  writeFileSync(join(folder, 'boot.vmtest'), vmtest);
  const program = join(folder, 'node_modules/.bin/snowglobe');
  expect(run(folder, process.execPath, [program, 'test', '--reporter', 'list'])).toContain('2 passed');
});

test('the package has types of everything that it exports, and no any among them', () => {
  const folder = install(test.info().outputPath('project'));
  assembleGuest('echo', folder);
  const code = examples('playwright.md', 'ts').map((example, index) => {
    const name = `example-${index}.ts`;
    writeFileSync(join(folder, name), `${example}\nexport {};\n`);
    return name;
  });
  expect(code.length).toBeGreaterThanOrEqual(4);
  // An example that only shows test.use has no import of its own.
  for (const name of code) {
    const text = readFileSync(join(folder, name), 'utf8');
    if (!text.includes('import '))
      writeFileSync(join(folder, name), `import { test } from 'snowglobe/playwright';\n${text}`);
  }
  writeFileSync(
    join(folder, 'types.ts'),
    `import * as api from 'snowglobe/playwright';
import { type VmConfig, VmConsole } from 'snowglobe/vm-console';
type IsAny<T> = 0 extends 1 & T ? true : false;
type Anys<T> = { [K in keyof T]-?: IsAny<T[K]> extends true ? K : never }[keyof T];
const none: [Anys<typeof api>, Anys<api.VirtualMachine>, Anys<api.SerialConsole>, Anys<api.MachineScreen>, Anys<api.GuestConfig>] extends [never, never, never, never, never] ? true : false = true;
export const use = async (vm: api.VirtualMachine): Promise<void> => {
  await api.expect(vm.serial).toShowText('x', { timeout: 1 });
  await api.expect(vm.screen).not.toShowText(/x/);
  await api.expect(vm.screen).toMatchScreenshot('x.png', { maxDiffPixels: 1 });
  // @ts-expect-error: a screen has no output
  await api.expect(vm.screen).toContainText('x');
  // @ts-expect-error: there is no such option
  await vm.boot({ arch: 'riscv64', kernal: 'x' });
};
export { none };
const element: VmConsole | null = document.querySelector('vm-console');
const noneHere: [Exclude<Anys<VmConsole>, keyof HTMLElement>, Anys<Required<VmConfig>>] extends [never, never] ? true : false = true;
element?.addEventListener('vm-exit', ({ detail }) => detail.outcome satisfies api.VmOutcome);
// @ts-expect-error: memory is a number
element?.configure({ memory: 'lots' });
export { noneHere };
`,
  );
  const options = {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      lib: ['es2024', 'dom', 'esnext.disposable'],
      types: ['node'],
    },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  expect(problems(folder)).toBe('');
});

test('everything that the package exports is in it, and the examples in React and Vue have its types', () => {
  const folder = install(test.info().outputPath('project'));
  const root = join(folder, 'node_modules/snowglobe');
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(paths(exports).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  bring(folder, ['react', 'react-dom', '@types/react', '@types/react-dom', 'csstype', 'vue', '@vue']);
  cpSync(join(repository, 'examples/react/main.tsx'), join(folder, 'react.tsx'));
  cpSync(join(repository, 'examples/vue/main.ts'), join(folder, 'vue.ts'));
  writeFileSync(
    join(folder, 'wrong.tsx'),
    `import type {} from 'snowglobe/react';
import type {} from 'snowglobe/vue';
import type { GlobalComponents } from 'vue';
// @ts-expect-error: there is no such attribute
export const kernal = <vm-console arch="i386" kernal="x" />;
// @ts-expect-error: an end has a code
export const detail = <vm-console onvm-exit={({ detail }) => detail.status} />;
// @ts-expect-error: there is no such view
export const view: InstanceType<GlobalComponents['vm-console']>['$props'] = { view: 'neither' };
`,
  );
  const options = {
    compilerOptions: {
      target: 'es2024',
      module: 'esnext',
      moduleResolution: 'bundler',
      jsx: 'react-jsx',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      lib: ['es2024', 'dom', 'dom.iterable', 'esnext.disposable'],
      types: [],
    },
    include: ['*.ts', '*.tsx'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  expect(problems(folder)).toBe('');
});
