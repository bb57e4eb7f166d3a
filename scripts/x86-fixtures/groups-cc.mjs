// Consumers of flags after every kind of producer: SETcc, CMOVcc and Jcc in the block of the producer and in one of their own, and the carry that
// ADC, RCL and the like take over. PUSHF alone would not see what a frontend makes of producer and consumer together.
import { sizes } from './groups-alu.mjs';
import { integerTable, name } from './operands.mjs';
import { BUFFER } from './layout.mjs';
import { Program } from './program.mjs';

const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
/** Conditions that read none of the given flags. */
const READS = { o: 'O', b: 'C', e: 'Z', be: 'CZ', s: 'S', p: 'P', l: 'SO', le: 'SOZ' };
const reads = (index) => READS[CONDITIONS[index & ~1]];

/** Producers: code, and the flags that it leaves undefined. */
function producers(bits) {
  const list = [];
  for (const size of sizes(bits)) {
    const [a, c] = [name('ax', size), name('cx', size)];
    for (const op of ['add', 'sub', 'adc', 'sbb', 'cmp', 'and', 'or', 'xor', 'test'])
      list.push([`${op} ${a}, ${c}`, '']);
    for (const op of ['inc', 'dec', 'neg']) list.push([`${op} ${a}`, '']);
    for (const immediate of [0, 1, -1, 0x64])
      list.push([`cmp ${a}, ${immediate}`, ''], [`sub ${a}, ${immediate}`, '']);
    for (const op of ['shl', 'shr', 'sar'])
      list.push(
        [`${op} ${a}, 1`, ''],
        [`${op} ${a}, 3`, 'O'],
        [`${op} ${a}, cl`, 'OC'],
        [`and cl, 0\n${op} ${a}, cl`, ''],
      );
    for (const op of ['rol', 'rcr']) list.push([`${op} ${a}, 1`, ''], [`${op} ${a}, cl`, 'O']);
    list.push([`imul ${c}`, 'SZP'], [`mul ${c}`, 'SZP'], [`bt ${name('ax', Math.max(size, 16))}, 5`, 'OSP']);
    if (size > 8)
      list.push([`imul ${a}, ${c}`, 'SZP'], [`tzcnt ${a}, ${c}`, 'OSP'], [`bsf ${a}, ${c}`, 'OSPC']);
    list.push([`xadd ${a}, ${c}`, ''], [`cmpxchg ${a}, ${c}`, '']);
  }
  list.push(
    ['sahf', ''],
    ['stc', ''],
    ['cmc', ''],
    ['popcnt eax, ecx', ''],
    ['add eax, ecx\nlahf', ''],
    ['add eax, ecx\ninc edx', ''],
  );
  list.push(
    ['sub eax, ecx\ndec edx', ''],
    ['add eax, ecx\nadc eax, 5', ''],
    ['cmp eax, ecx\nsbb eax, eax', ''],
    ['push 0x8d5\npopf', ''],
  );
  // Instructions that change some flags and keep the rest, one after another.
  list.push(
    ['add eax, ecx\nrol edx, 1', ''],
    ['rol eax, 1\ninc edx', ''],
    ['ror ax, 1\ndec dl', ''],
    ['inc edx\nror eax, 1', ''],
    ['dec edx\nrol al, cl', 'O'],
    ['add eax, ecx\ndec edx\nand cl, 0\nror eax, cl', ''],
    ['rol eax, 1\nstc', ''],
    ['add eax, ecx\nbt edx, 5\ninc edx', ''],
    ['inc edx\nadc eax, ecx', ''],
    ['dec edx\nrcl eax, 1\ninc edx', ''],
    ['inc edx\nand cl, 0\nshl eax, cl', ''],
    ['inc edx\nclc\nror eax, 1', ''],
  );
  if (bits === 64)
    list.push(
      ['test eax, eax\ncmp rax, rcx', ''],
      ['bextr eax, ecx, eax', 'SP'],
      ['blsr rax, rcx', 'P'],
      ['adcx rax, rcx', ''],
      ['adox rax, rcx', ''],
    );
  else list.push(['daa', 'O'], ['aaa', 'OSZP'], ['aam', 'OC']);
  // The same producer may stand in the list for two sizes.
  return [...new Map(list).entries()];
}

const usable = (undefinedFlags) =>
  CONDITIONS.map((_, index) => index).filter(
    (index) => ![...reads(index)].some((flag) => undefinedFlags.includes(flag)),
  );

export function conditions(bits) {
  const program = new Program(
    `conditions${bits}`,
    bits,
    'The host’s CPU (x86-64); conditions that would read undefined flags are left out.',
  );
  integerTable(program, 'short', 64, 61);
  const full = (r) => name(r, bits);
  const inputs = [
    [full('ax'), 'a'],
    [full('cx'), 'b'],
    [full('dx'), 'c'],
    ['flags', 'f'],
  ];
  for (const [code, missing] of producers(bits)) {
    const title = code.replaceAll('\n', '; ');
    const list = usable(missing);
    const section = (kind, text, out, more = []) =>
      program.section({
        title: `${title}: ${kind}`,
        code: text,
        in: [...more, ...inputs],
        out,
        table: 'short',
        exact: 24,
      });
    const sets = list.map((index) => `set${CONDITIONS[index]} byte ptr [${BUFFER + index}]`).join('\n');
    const cleared = [
      ['m0:4', 'a'],
      ['m4:4', 'b'],
      ['m8:4', 'a'],
      ['m12:4', 'b'],
    ];
    section('setcc', `${code}\n${sets}`, ['m0:16'], cleared);
    section('setcc in the next block', `${code}\njmp 1f\n1:\n${sets}`, ['m0:16'], cleared);
    // Each condition first after the producer, so that each is fused with it once; then the rest in blocks of their own.
    for (const index of list) {
      const bx = full('bx');
      const cc = CONDITIONS[index];
      const text = `mov ${bx}, 0\n${code}\nj${cc} 1f\nlea ${bx}, [${bx}+1]\n1: set${cc} byte ptr [${BUFFER}]\nj${cc} 2f\nlea ${bx}, [${bx}+2]\n2:`;
      section(`j${cc}`, text, [bx, 'm0:1'], [['m0:4', 'a']]);
    }
    const width = bits === 64 ? 'r' : 'e';
    const moves = list
      .map((index) => {
        const cc = CONDITIONS[index];
        // A 32-bit CMOV clears the upper half of its destination, moved or not.
        return `mov ${width}si, ${width}di\ncmov${cc} ${index % 3 ? 'esi, edx' : `${width}si, ${width}dx`}\nmov [${BUFFER + index * 8}], ${width}si`;
      })
      .join('\n');
    section(
      'cmovcc',
      `${code}\n${moves}`,
      list.map((index) => `m${index * 8}:${bits / 8}`),
      [[full('di'), 'c']],
    );
    if (!missing.includes('C'))
      section(
        'carry',
        `${code}\nadc ${full('dx')}, 0\nsetb byte ptr [${BUFFER}]`,
        [full('dx'), 'm0:1', 'flags'],
        [['m0:4', 'a']],
      );
  }
  for (const [op, code] of [
    ['loop', '1: inc edx\nloop 1b'],
    ['loope', '1: inc edx\ntest edx, 3\nloope 1b'],
    ['loopne', '1: inc edx\ntest edx, 7\nloopne 1b'],
    ['jecxz', 'jecxz 1f\nmov edx, 5\n1:'],
    [bits === 64 ? 'jrcxz' : 'jcxz', bits === 64 ? 'jrcxz 1f\nmov edx, 5\n1:' : 'jcxz 1f\nmov edx, 5\n1:'],
    [bits === 64 ? 'loop, 32-bit counter' : 'loop, 16-bit counter', '1: inc edx\n.byte 0x67\nloop 1b'],
  ]) {
    const wide = /jcxz|jecxz|jrcxz/.test(op);
    program.section({
      title: op,
      code: `${wide ? '' : `and ${full('cx')}, 15\ninc ${full('cx')}\n`}${code}`,
      in: inputs,
      out: [full('cx'), full('dx'), 'flags'],
      table: 'short',
    });
  }
  return program;
}
