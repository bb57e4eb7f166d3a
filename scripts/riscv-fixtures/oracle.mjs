// Assembles a conformance program and runs it on qemu-system-riscv64, reading the result buffer back through QMP.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROGRAM_BASE, RESULT_BASE, RESULT_HEADER, UNEXPECTED_TRAP } from './program.mjs';

const MARCH = 'rv64imafdc_zicsr_zifencei_zba_zbb_zbs_zicbom_zicboz';
/** The extensions of the guest CPU; everything else QEMU has by default is switched off. */
export const QEMU_CPU =
  'rv64,zba=true,zbb=true,zbs=true,sstc=true,zbc=false,h=false,v=false,svinval=false,svnapot=false,svpbmt=false,' +
  'Zfh=false,Zve32f=false,Zve64f=false,pmu-num=0,pmp=true,mmu=true';
const QEMU_TIMEOUT_MS = 60_000;

function tool(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.error) throw new Error(`${program} could not be started: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`${program} failed:\n${result.stderr.split('\n').slice(0, 12).join('\n')}`);
  return result.stdout;
}

/** @returns {{ binary: Buffer, elf: string, symbols: Map<string, bigint>, dispose(): void }} */
export function assemble(source) {
  const dir = mkdtempSync(join(tmpdir(), 'riscv-fixture-'));
  const file = (name) => join(dir, name);
  writeFileSync(file('p.s'), source);
  tool('riscv64-linux-gnu-as', [`-march=${MARCH}`, '-mabi=lp64d', '-o', file('p.o'), file('p.s')]);
  tool('riscv64-linux-gnu-ld', [
    '--no-relax',
    '-nostdlib',
    '-N',
    `-Ttext=0x${PROGRAM_BASE.toString(16)}`,
    '-o',
    file('p.elf'),
    file('p.o'),
  ]);
  tool('riscv64-linux-gnu-objcopy', ['-O', 'binary', file('p.elf'), file('p.bin')]);
  const symbols = new Map();
  for (const line of tool('riscv64-linux-gnu-nm', [file('p.elf')]).split('\n')) {
    const [address, , name] = line.split(' ');
    if (name) symbols.set(name, BigInt(`0x${address}`));
  }
  return {
    binary: readFileSync(file('p.bin')),
    elf: file('p.elf'),
    symbols,
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** QEMU 7.2 exits at once when the test device is told to power off, so programs ask it for a reset, which stops here. */
/** Runs an ELF to power-off and returns `length` bytes of guest memory at `address`. */
async function runToPowerOff(elf, address, length, scratch) {
  const qemu = spawn(
    'qemu-system-riscv64',
    [
      '-M',
      'virt',
      '-cpu',
      QEMU_CPU,
      '-m',
      '64',
      '-bios',
      'none',
      '-kernel',
      elf,
      '-display',
      'none',
      '-serial',
      'null',
      '-no-reboot',
      '-no-shutdown',
      '-S',
      '-qmp',
      'stdio',
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let errors = '';
  qemu.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const timer = setTimeout(() => qemu.kill('SIGKILL'), QEMU_TIMEOUT_MS);
  const send = (command) => qemu.stdin.write(`${JSON.stringify(command)}\n`);
  let saved = false;
  const exited = new Promise((resolve) => qemu.on('exit', resolve));
  for await (const line of createInterface({ input: qemu.stdout })) {
    const message = JSON.parse(line);
    if (message.QMP) {
      // -S and cont: an event before the capabilities are negotiated would be lost.
      send({ execute: 'qmp_capabilities' });
      send({ execute: 'cont' });
    }
    if (message.error) throw new Error(`QMP: ${message.error.desc}`);
    if (message.event === 'SHUTDOWN' && !saved) {
      send({
        execute: 'pmemsave',
        arguments: { val: Number(address), size: length, filename: scratch },
        id: 'save',
      });
    }
    if (message.id === 'save') {
      saved = true;
      send({ execute: 'quit' });
    }
  }
  await exited;
  clearTimeout(timer);
  if (!saved) throw new Error(`QEMU did not reach power-off in ${QEMU_TIMEOUT_MS} ms ${errors}`);
  return readFileSync(scratch);
}

/**
 * Expected result words of a program, as QEMU leaves them.
 * @returns {Promise<bigint[]>}
 */
export async function resultsFromQemu(assembled, wordCount) {
  const scratch = `${assembled.elf}.mem`;
  const length = Number(RESULT_BASE - RESULT_HEADER) + wordCount * 8;
  const memory = await runToPowerOff(assembled.elf, RESULT_HEADER, length, scratch);
  const word = (offset) => memory.readBigUInt64LE(offset);
  const count = word(0);
  if (count === UNEXPECTED_TRAP) {
    const [cause, pc, value] = [8, 16, 24].map((offset) => word(offset).toString(16));
    throw new Error(`unexpected trap on QEMU: mcause ${cause} mepc ${pc} mtval ${value}`);
  }
  if (count !== BigInt(wordCount))
    throw new Error(`QEMU wrote ${count} words, the sections declare ${wordCount}`);
  const words = [];
  for (let i = 0; i < wordCount; i += 1) words.push(word(Number(RESULT_BASE - RESULT_HEADER) + i * 8));
  return words;
}
