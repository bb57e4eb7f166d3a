/** The Debian machines: what a person would try first. Needs the images riscv64-trixie and x86_64-bookworm, which take minutes to build. */
import type { VirtualMachine } from '../src/playwright/index.ts';
import { expect, test } from '../src/playwright/index.ts';
import { image } from './support/images.ts';
import { LONG, PROMPT, shell } from './support/linux-shell.ts';

test.setTimeout(600_000);

/** What each machine's compiler is called. */
const MACHINES = { 'riscv64-trixie': 'gcc', 'x86_64-bookworm': 'tcc' } as const;

const PROGRAM = [
  '#include <stdio.h>',
  'int main(void) { for (int i = 1; i < 6; i++) printf("%d ", i * i); puts("squares"); }',
];

async function logIn(vm: VirtualMachine): Promise<void> {
  await vm.waitForSerial('snowglobe login: ', LONG);
  await vm.type('root\n');
  await vm.waitForSerial(PROMPT, LONG);
}

for (const [name, compiler] of Object.entries(MACHINES)) {
  test(`${name}: Python, ${compiler}, SQLite and Vim answer what is typed; it powers off`, async ({ vm }) => {
    await vm.boot(image(name));
    await logIn(vm);
    await shell(
      vm,
      'python3 -c "import json, math; print(json.dumps([math.factorial(20)]))"',
      '[2432902008176640000]',
    );
    for (const line of PROGRAM) {
      await vm.type(`echo '${line}' >> squares.c\n`);
      await vm.waitForSerial(PROMPT, LONG);
    }
    await shell(vm, `${compiler} -o squares squares.c && ./squares`, '1 4 9 16 25 squares');
    await shell(
      vm,
      "sqlite3 snow.db 'create table f(n); insert into f values (6), (7); select sum(n) * 2 from f'",
      /^26\r?$/m,
    );
    await vm.type('vim -u NONE squares.c\n');
    await vm.waitForSerial(/squares\.c" \d+ lines?,/, LONG);
    await vm.type(':%s/squares/cubes/ | %s/i \\* i/i * i * i/ | wq\r');
    await vm.waitForSerial(PROMPT, LONG);
    await shell(vm, `${compiler} -o cubes squares.c && ./cubes`, '1 8 27 64 125 cubes');
    await shell(
      vm,
      'dpkg --audit && dpkg -S /usr/bin/vim.basic && id guest',
      /vim: \/usr\/bin\/vim\.basic\s+uid=1000\(guest\)/,
    );
    await vm.type('poweroff\n');
    expect(await vm.waitForExit({ timeout: 150_000 })).toMatchObject({ outcome: 'poweroff' });
    expect(vm.serialText).not.toMatch(/I\/O error|EXT4-fs error|\[FAIL\]|segfault/i);
  });

  test(`${name}: a disk that is kept has what was synced before the machine ended`, async ({ vm }) => {
    const { drives, ...config } = image(name);
    const kept = { ...config, drives: drives!.map((drive) => ({ ...drive, persist: `kept-${name}` })) };
    await vm.boot(kept);
    await logIn(vm);
    await shell(vm, 'echo from the first start > kept && sync && echo syn""ced', 'synced');
    // As if the tab were closed: nothing is shut down.
    await vm.restart();
    await logIn(vm);
    await shell(vm, 'cat kept', 'from the first start');
  });
}
