// String instructions: all sizes, both directions, all repeats, overlapping buffers.
import { sizes } from './groups-alu.mjs';
import { BUFFER } from './layout.mjs';
import { name, Random } from './operands.mjs';
import { Program } from './program.mjs';

const AREA = 192;
const ALL_FLAGS = 0xcd5;

export function strings(bits) {
  const program = new Program(`string${bits}`, bits, 'The host’s CPU (x86-64).');
  const random = new Random(81);
  const word = bits / 8;
  const rows = [];
  // Offsets of source and destination that overlap at all small distances; counts with 0 and 1.
  for (let i = 0; i < 160; i += 1) {
    const source = 64 + random.below(24);
    const destination = i % 3 ? source + random.below(33) - 16 : 64 + random.below(40);
    const bytes = Array.from({ length: 4 }, () =>
      random.below(2) ? random.next() : BigInt(random.below(2)) * 0x0101010101010101n,
    );
    rows.push([
      BigInt(BUFFER + source),
      BigInt(BUFFER + destination),
      BigInt(i % 5 === 0 ? random.below(2) : random.below(8)) +
        (i % 7 === 0 ? random.next() & ~0xffffffffn : 0n),
      bytes[random.below(4)],
      BigInt((random.below(256) & 0xd5) | (random.below(2) ? 0x800 : 0) | (random.below(2) ? 0x400 : 0)),
      ...bytes,
    ]);
  }
  const size = word;
  program.table(
    'strings',
    [
      ['s', size],
      ['d', size],
      ['n', size],
      ['a', size],
      ['f', size],
      ['w', 8],
      ['x', 8],
      ['y', 8],
      ['z', 8],
    ],
    rows,
  );
  const full = (r) => name(r, bits);
  const [ax, cx, si, di] = ['ax', 'cx', 'si', 'di'].map(full);
  const letter = { 8: 'b', 16: 'w', 32: 'd', 64: 'q' };
  // Runs of equal words, so that REPE and REPNE go on for a while.
  const content = Array.from({ length: AREA / 8 }, (_, i) => [`m${i * 8}`, 'wwxxxyzwwwxy'[(i * 5) % 12]]);
  const common = {
    in: [...content, ['flags', 'f'], [ax, 'a'], [cx, 'n'], [si, 's'], [di, 'd']],
    table: 'strings',
    exact: 12,
  };
  for (const operand of sizes(bits)) {
    for (const op of ['movs', 'stos', 'lods', 'cmps', 'scas']) {
      const repeats = ['cmps', 'scas'].includes(op) ? ['', 'repe ', 'repne '] : ['', 'rep '];
      for (const repeat of repeats) {
        // With 67h the register's upper half, which the table sets at times, does not count.
        const clip = repeat ? `and ${cx}, 7\n` : '';
        const text = `${repeat}${op}${letter[operand]}`;
        const flagged = clip ? `pushf\n${clip}popf\n` : '';
        const out = [ax, cx, si, di, `m0:${AREA}`, 'flags'];
        program.section({ ...common, title: text, code: flagged + text, out, masks: { flags: ALL_FLAGS } });
        if (operand >= 32)
          program.section({
            ...common,
            title: `${text}, 67h`,
            code: bits === 64 ? `pushf\nand ecx, 7\npopf\n.byte 0x67\n${text}` : `${flagged}${text}`,
            out,
            masks: { flags: ALL_FLAGS },
          });
      }
    }
    // Longer than a cache line, for bulk paths; a fault in the middle leaves the registers at the element that faulted.
    for (const [repeat, op] of [
      ['rep', 'movs'],
      ['rep', 'stos'],
      ['repe', 'cmps'],
      ['repne', 'scas'],
      ['rep', 'lods'],
    ]) {
      const text = `${repeat} ${op}${letter[operand]}`;
      const step = operand / 8;
      for (const [title, distance] of [
        ['apart', 1024],
        ['overlapping forwards', step],
        ['overlapping by three bytes', 3],
        ['overlapping backwards', -step],
      ])
        program.section({
          title: `${text}, long, ${title}`,
          code: `cld\nlea ${di}, [${si}+${distance}]\nmov ${cx}, ${Math.floor(700 / step)}\n${text}`,
          in: [...content, [ax, 'a'], [si, 's'], ['flags', 'f']],
          out: [ax, cx, si, di, `m0:${2048}`, 'flags'],
          table: 'strings',
          rows: 6,
          exact: 1,
        });
      program.section({
        title: `${text}, long, DF set`,
        code: `std\nlea ${si}, [${si}+1000]\nlea ${di}, [${si}+${5}]\nmov ${cx}, ${Math.floor(500 / step)}\n${text}`,
        in: [...content, [ax, 'a'], [si, 's'], ['flags', 'f']],
        out: [ax, cx, si, di, `m0:${2048}`, 'flags'],
        table: 'strings',
        rows: 6,
        exact: 1,
      });
    }
  }
  return program;
}
