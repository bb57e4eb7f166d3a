/**
 * Regions from IR text for the tests of the passes. A block is a line `block 0x1000`, then one operation a line as ir/print.ts writes them; a
 * `goto` to another block of the text is chained to it. The region begins at the first block.
 */
import { readFileSync } from 'node:fs';
import * as L from '../../../src/memory/layout.gen.ts';
import { type CoreExports, createTestCore } from '../../tests/harness.ts';

export interface PassExports extends CoreExports {
  testRegion(cpu: number, entry: number): number;
  testFold(cpu: number): void;
  testDead(cpu: number): number;
  testProbe(cpu: number): void;
  testPrint(cpu: number, out: number): number;
}

const OP_SIZE = 16;
const BLOCK = { pc: 0x00, insns: 0x1c, ops: 0x1e, table: 0x20, state: 0x28, code: 0x40 };
const BLOCK_VALID = 1;
const BLOCK_STRIDE = 0x1000;
const TEMPS = 0x300;

const operations = readFileSync(new URL('../ops.def', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('|') && !line.startsWith('#'))
  .map((line) => line.split('|').map((part) => part.trim()))
  .map(([name, signature]) => ({ name, kinds: (signature as string).split(' ') }));

function slotOf(text: string): number {
  const match = /^(?:%([xft])(\d+)|\[(0x[0-9a-f]+)\])$/.exec(text);
  if (!match) throw new Error(`no slot: ${text}`);
  if (match[3]) return Number(match[3]);
  return { x: 0, f: 0x100, t: TEMPS }[match[1] as 'x' | 'f' | 't'] + Number(match[2]) * 8;
}

export interface PassTest {
  /** The region's text after these passes. */
  run(source: string, ...passes: ('fold' | 'dead' | 'probe')[]): string;
}

export async function createPassTest(): Promise<PassTest> {
  const core = await createTestCore({ tier: 'interp' });
  const exports = core.exports as PassExports;
  const view = new DataView(core.memory.buffer);
  const cpu = exports.stateOf(0);
  const area = L.VCPU_BASE;

  const writeOperation = (at: number, line: string, blocks: Map<bigint, number>) => {
    const [, name, rest] = /^(\S+)\s*(.*)$/.exec(line.trim()) as RegExpExecArray;
    const code = operations.findIndex((operation) => operation.name === name);
    if (code < 0) throw new Error(`no operation: ${line}`);
    const kinds = (operations[code] as { kinds: string[] }).kinds;
    const texts = (rest as string).split(', ').filter((text) => text !== '');
    new Uint8Array(core.memory.buffer).fill(0, at, at + OP_SIZE);
    view.setUint16(at, code, true);
    for (const [index, kind] of kinds.entries()) {
      if (kind === '-') continue;
      const text = texts.shift();
      if (text === undefined) throw new Error(`operands are missing: ${line}`);
      if (index < 3) {
        const value = 'rwVW'.includes(kind) ? slotOf(text) : Number(text.replace('mmu', ''));
        view.setUint16(at + 2 + index * 2, value, true);
      } else if (kind === 'h') {
        const third = slotOf(texts.shift() as string);
        const word = BigInt(text.replace('helper', '')) | (BigInt(third) << 16n);
        view.setBigUint64(at + 8, word | (BigInt(texts.shift() as string) << 32n), true);
      } else view.setBigInt64(at + 8, BigInt.asIntN(64, BigInt(text)), true);
    }
    if (texts.length > 0) throw new Error(`too many operands: ${line}`);
    if (name === 'goto') view.setUint32(at + 4, blocks.get(view.getBigUint64(at + 8, true)) ?? 0, true);
  };

  const build = (source: string) => {
    exports.reset(0, 0n, 0n, 0);
    const parts = source
      .trim()
      .split(/^block /m)
      .slice(1)
      .map((part) => part.trim().split('\n'));
    const blocks = new Map(
      parts.map(([pc], index) => [BigInt(pc as string), area + L.CPU_TB_ARENA + index * BLOCK_STRIDE]),
    );
    for (const [pc, ...lines] of parts) {
      const block = blocks.get(BigInt(pc as string)) as number;
      const table = block + BLOCK.code + lines.length * OP_SIZE;
      new Uint8Array(core.memory.buffer).fill(0, block, table + lines.length * 4);
      view.setBigUint64(block + BLOCK.pc, BigInt(pc as string), true);
      view.setUint16(block + BLOCK.insns, lines.length, true);
      view.setUint16(block + BLOCK.ops, lines.length, true);
      view.setUint32(block + BLOCK.table, table, true);
      view.setUint32(block + BLOCK.state, BLOCK_VALID, true);
      lines.forEach((line, index) => {
        writeOperation(block + BLOCK.code + index * OP_SIZE, line, blocks);
        view.setUint16(table + index * 4, index, true);
      });
    }
    if (!exports.testRegion(cpu, area + L.CPU_TB_ARENA)) throw new Error(`tier 1 refuses: ${source}`);
  };

  return {
    run(source, ...passes) {
      build(source);
      for (const pass of passes)
        ({ fold: exports.testFold, dead: exports.testDead, probe: exports.testProbe })[pass](cpu);
      const out = area + L.CPU_MODULE;
      const length = exports.testPrint(cpu, out);
      return Buffer.from(new Uint8Array(core.memory.buffer).slice(out, out + length)).toString('latin1');
    },
  };
}
