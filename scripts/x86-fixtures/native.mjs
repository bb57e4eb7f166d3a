// Assembles a program with Debian's binutils and runs it on the host's CPU.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as layout from './layout.mjs';

const HOST_SOURCE = fileURLToPath(new URL('./host.c', import.meta.url));

export function tool(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.error) throw new Error(`${program} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    const why = result.signal ? `signal ${result.signal}` : result.stderr.split('\n').slice(0, 12).join('\n');
    throw new Error(`${program} failed:\n${why}`);
  }
  return result.stdout;
}

/** A directory that is removed when `work` is done with it. */
export function inDirectory(work) {
  const dir = mkdtempSync(join(tmpdir(), 'x86-fixture-'));
  try {
    return work((name) => join(dir, name));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Flat binary of an assembly source that is linked to run at `base`. */
export function assemble(source, base, bits) {
  return inDirectory((file) => {
    writeFileSync(file('p.s'), source);
    tool('as', [`--${bits === 64 ? 64 : 32}`, '-o', file('p.o'), file('p.s')]);
    const emulation = bits === 64 ? 'elf_x86_64' : 'elf_i386';
    tool('ld', [
      '-m',
      emulation,
      '-nostdlib',
      '-N',
      '-e',
      '0',
      `-Ttext=0x${base.toString(16)}`,
      '-o',
      file('p.elf'),
      file('p.o'),
    ]);
    tool('objcopy', ['-O', 'binary', file('p.elf'), file('p.bin')]);
    return readFileSync(file('p.bin'));
  });
}

/** The result area as the host's CPU leaves it. */
export function runNatively(binary, tables, bits, resultBytes) {
  return inDirectory((file) => {
    writeFileSync(file('program'), binary);
    writeFileSync(file('tables'), tables);
    const defines = Object.entries(layout).map(([name, value]) => `-D${name}=0x${value.toString(16)}`);
    tool('gcc', ['-O1', '-w', ...defines, '-o', file('host'), HOST_SOURCE]);
    tool(file('host'), [String(bits), file('out'), String(resultBytes), file('program'), file('tables')]);
    return readFileSync(file('out'));
  });
}
