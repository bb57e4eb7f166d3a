/**
 * Records what QEMU's IDE controller, disk and CD-ROM answer to the programs of ide-fixtures/programs.mjs.
 * Needs qemu-system-x86. Usage: node scripts/gen-ide-fixtures.mjs
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CD_SECTORS, DISK_SECTORS, PROGRAMS, pattern, program } from './ide-fixtures/programs.mjs';
import { startQtest } from './lib/qtest.mjs';

const dir = mkdtempSync(join(tmpdir(), 'ide-fixtures-'));
const SUFFIX = { 1: 'b', 2: 'w', 4: 'l' };
const BSY = 0x80;
/** Of the bus master. */
const ACTIVE = 0x01;
const INTERRUPT = 0x04;
const POLLS = 500;

/** Long data are kept as their hash. */
const digest = (hex) => (hex.length <= 1024 ? hex : createHash('sha256').update(hex).digest('hex'));

async function record(steps) {
  const disk = join(dir, 'disk');
  const cd = join(dir, 'cd');
  writeFileSync(disk, pattern(DISK_SECTORS, 512, 3));
  writeFileSync(cd, pattern(CD_SECTORS, 2048, 5));
  const machine = startQtest([
    ...['-drive', `file=${disk},format=raw,if=ide,index=0`],
    ...['-drive', `file=${cd},format=raw,if=ide,index=2,media=cdrom`],
  ]);
  const ask = async (command) => (await machine.ask([command]))[0];
  const number = async (command) => Number(await ask(command)) >>> 0;
  const answers = [];
  for (const [what, at, ...rest] of steps) {
    if (what === 'out') await ask(`out${SUFFIX[rest[0]]} ${at} ${rest[1]}`);
    else if (what === 'in') answers.push(await number(`in${SUFFIX[rest[0]]} ${at}`));
    else if (what === 'put') await ask(`write ${at} ${rest[0].length / 2} 0x${rest[0]}`);
    else if (what === 'get') answers.push(digest((await ask(`read ${at} ${rest[0]}`)).slice(2)));
    else if (what === 'outs') {
      for (let i = 0; i < rest[0].length; i += 4)
        await ask(`outw ${at} 0x${rest[0].slice(i + 2, i + 4)}${rest[0].slice(i, i + 2)}`);
    } else if (what === 'ins') {
      let hex = '';
      for (let i = 0; i < rest[0]; i++) {
        const word = (await number(`inw ${at}`)).toString(16).padStart(4, '0');
        hex += word.slice(2) + word.slice(0, 2);
      }
      answers.push(digest(hex));
    } else {
      for (let tries = 0; ; tries++) {
        const status = await number(`inb ${at}`);
        if (what === 'wait' ? !(status & BSY) : (status & (ACTIVE | INTERRUPT)) !== ACTIVE) {
          answers.push(status);
          break;
        }
        if (tries === POLLS) throw new Error(`busy for ever, after ${answers.length} answers`);
        await setTimeout(1);
      }
    }
  }
  await machine.end();
  return answers;
}

try {
  const fixtures = {};
  for (const name of Object.keys(PROGRAMS)) fixtures[name] = await record(program(name));
  const path = fileURLToPath(new URL('../src/hw/ide/fixtures/ide.json', import.meta.url));
  writeFileSync(path, `${JSON.stringify(fixtures)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
