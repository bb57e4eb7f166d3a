// Address forms: every ModRM and SIB byte through LEA, and loads with the forms that differ in wrapping or base.
import { BUFFER } from './layout.mjs';
import { integerTable, name } from './operands.mjs';
import { Program } from './program.mjs';

const REGISTERS = (bits) => ['ax', 'cx', 'dx', 'bx', 'bp', 'si', 'di'].map((r) => name(r, bits));

export function address(bits) {
  const program = new Program(`address${bits}`, bits, 'The host’s CPU (x86-64).');
  integerTable(program, 'short', 12, 91);
  const size = bits / 8;
  const rows = program.tables
    .get('short')
    .rows.map(([a, b, c, f]) => [a, b, c, f, ~a, b * 3n, a + c, b ^ c, c * 5n, a - b]);
  const columns = ['a', 'b', 'c', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
  program.table(
    'registers',
    columns.map((c) => [c, size]),
    rows,
  );
  const sources = ['a', 'b', 'c', 'g', 'h', 'i', 'j'];
  const inputs = REGISTERS(bits).map((r, i) => [r, sources[i]]);
  const extended =
    bits === 64
      ? ['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'].map((r, i) => [r, columns[(i * 3) % 10]])
      : [];
  const target = bits === 64 ? 'r11' : 'edx';
  // LEA target, with the stack pointer a constant: base or index 4 means it or nothing.
  const lea = (title, bytes) =>
    program.section({
      title,
      code: `.byte ${bytes.map((byte) => `0x${(byte & 0xff).toString(16)}`).join(', ')}`,
      in: [...extended, ...inputs],
      out: [target],
      table: 'registers',
      exact: 4,
    });
  const reg = bits === 64 ? 3 : 2;
  const displacement = (mod, rm, base) => {
    if (mod === 1) return [0x9c];
    if (mod === 2 || (mod === 0 && (rm === 5 || (rm === 4 && base === 5)))) return [0x98, 0xba, 0xdc, 0xfe];
    return [];
  };
  const prefixes = bits === 64 ? [[0x4c], [0x4d], [0x4f], [0x44], [0x67, 0x4d], [0x67, 0x4e]] : [[]];
  for (const prefix of prefixes) {
    const label = prefix.map((b) => b.toString(16)).join(' ') || 'plain';
    const list = [];
    for (let mod = 0; mod < 3; mod += 1) {
      for (let rm = 0; rm < 8; rm += 1) {
        if (rm !== 4) {
          // RIP-relative results depend on where the instruction lies, which is the same in both runs.
          list.push([(mod << 6) | (reg << 3) | rm, ...displacement(mod, rm, 0)]);
          continue;
        }
        for (let sib = 0; sib < 256; sib += mod === 1 ? 1 : 3)
          list.push([(mod << 6) | (reg << 3) | 4, sib, ...displacement(mod, 4, sib & 7)]);
      }
    }
    for (const bytes of list)
      lea(`lea ${label}: ${bytes.map((b) => b.toString(16).padStart(2, '0')).join(' ')}`, [
        ...prefix,
        0x8d,
        ...bytes,
      ]);
  }
  for (let mod = 0; mod < 3 && bits === 32; mod += 1) {
    for (let rm = 0; rm < 8; rm += 1) {
      const bytes = [
        (mod << 6) | (reg << 3) | rm,
        ...(mod === 1 ? [0x91] : mod === 2 || rm === 6 ? [0x34, 0xf2] : []),
      ];
      lea(`lea, 16-bit address: ${bytes.map((b) => b.toString(16)).join(' ')}`, [0x67, 0x8d, ...bytes]);
      lea(`lea, 16-bit operand: ${bytes.map((b) => b.toString(16)).join(' ')}`, [0x66, 0x67, 0x8d, ...bytes]);
    }
  }
  lea('lea, 16-bit operand, wide address', [
    0x66,
    ...(bits === 64 ? [0x44] : []),
    0x8d,
    0x54 | (bits === 64 ? 8 : 0),
    0x08,
    0x11,
  ]);
  const load = (title, code, more = []) =>
    program.section({
      title,
      code,
      in: [['m0', 'a'], ['m8', 'b'], ['m16', 'c'], ...more],
      out: [name('ax', bits), 'm0', 'm8', 'm16'],
      table: 'short',
    });
  const b = BUFFER;
  const [bx, cx, ax] = ['bx', 'cx', 'ax'].map((r) => name(r, bits));
  load('mov [base+index*4+disp]', `mov ${ax}, [${bx}+${cx}*4+3]`, [
    [bx, b - 40],
    [cx, 10],
  ]);
  load('mov, index scaled beyond 32 bits', bits === 64 ? 'mov rax, [rbx+rcx*8]' : 'mov eax, [ebx+ecx*8]', [
    [bx, b],
    [cx, bits === 64 ? 1 : 0x20000001],
  ]);
  load('mov, negative index', `mov eax, [${bx}+${cx}*2]`, [
    [bx, b + 16],
    [cx, bits === 64 ? 0xfffffffffffffff8n : 0xfffffff8],
  ]);
  if (bits === 64) {
    load('mov [ebx+ecx], wraps at 32 bits', 'mov eax, [ebx+ecx]', [
      ['rbx', 0x1_8000_0000n + BigInt(b)],
      ['rcx', 0x8000_0000n],
    ]);
    load(
      'mov rax, [rip+disp]',
      'lea rbx, [rip+1f]\nmov rax, [rip+1f]\njmp 2f\n1: .quad 0x1122334455667788\n2:',
    );
    load(
      'cmp [rip+disp], imm32 (end of the instruction counts)',
      'mov eax, 5\ncmp dword ptr [rip+1f], 0x55667788\njne 2f\nmov eax, 7\njmp 2f\n1: .quad 0x1122334455667788\n2:',
    );
    load('mov, gs prefix with base 0', 'mov rax, gs:[rbx]', [['rbx', b]]);
    load('ds, es, cs, ss prefixes are ignored', '.byte 0x2e\nmov rax, [rbx]\n.byte 0x3e\nadd rax, [rbx+8]', [
      ['rbx', b],
    ]);
    load('REX before another prefix is ignored', '.byte 0x48, 0x66, 0x8b, 0x03', [
      ['rbx', b],
      ['rax', 'c'],
    ]);
    load('66h with REX.W is ignored', '.byte 0x66, 0x48, 0x8b, 0x03', [
      ['rbx', b],
      ['rax', 'c'],
    ]);
    load('xlat', 'and eax, 15\nxlatb', [
      ['rbx', b],
      ['rax', 'c'],
    ]);
    load('xlat, 67h', 'and eax, 15\n.byte 0x67\nxlatb', [
      ['rbx', BigInt(b) + 0x7000_0000_0000_0000n],
      ['rax', 'c'],
    ]);
  } else {
    load('xlat', 'and eax, 15\nxlatb', [
      ['ebx', b],
      ['eax', 'c'],
    ]);
    load('es, cs, ss prefixes, flat', 'mov eax, es:[ebx]\nadd eax, cs:[ebx+4]\nxor eax, ss:[ebx+8]', [
      ['ebx', b],
    ]);
  }
  return program;
}
