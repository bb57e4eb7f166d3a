// Stack forms: PUSH, POP, PUSHA, ENTER, LEAVE, CALL, RET, flags.
import { BUFFER } from './layout.mjs';
import { integerTable, name } from './operands.mjs';
import { buffer, Program } from './program.mjs';

const NOTE = 'The host’s CPU (x86-64). The stack is the scratch buffer.';
/** Where the stack pointer starts: the middle of the scratch buffer. */
const TOP = BUFFER + 0x80;

export function stack(bits) {
  const program = new Program(`stack${bits}`, bits, NOTE);
  integerTable(program, 'short', 120, 71);
  const full = (r) => name(r, bits);
  const [ax, bx, cx, dx, sp, bp, si, di] = ['ax', 'bx', 'cx', 'dx', 'sp', 'bp', 'si', 'di'].map(full);
  const word = bits / 8;
  const word2 = bits === 64 ? 'qword' : 'dword';
  const columns = ['a', 'b', 'c'];
  const memory = Array.from({ length: 256 / word }, (_, i) => [`m${i * word}`, columns[i % 3]]);
  const plain = (title, code, out = [], inputs = []) =>
    program.section({
      title,
      code,
      in: [...memory, ['flags', 'f'], [ax, 'a'], [cx, 'b'], [dx, 'c'], [sp, TOP], ...inputs],
      out: ['m64:128', sp, 'flags', ...out],
      table: 'short',
      exact: 4,
    });
  for (const [operand, r] of [
    [bits, ax],
    [bits, sp],
    [16, 'ax'],
    [16, 'sp'],
    ...(bits === 64
      ? [
          [64, 'r12'],
          [16, 'r9w'],
        ]
      : []),
  ]) {
    plain(`push ${r}`, `push ${r}`, [], /^r\d/.test(r) ? [[r.replace('w', ''), 'b']] : []);
    plain(`pop ${r} (${operand})`, `pop ${r}`, [
      r === 'sp' || r === sp ? ax : /^r\d/.test(r) ? r.replace('w', '') : ax,
    ]);
  }
  plain('push [sp]', `push ${word2} ptr [${sp}]`);
  plain('push [sp+2], 16 bits', `push word ptr [${sp}+2]`);
  plain('push [m]', `push ${word2} ptr ${buffer(5)}`);
  // The address of POP m counts with the stack pointer after the pop.
  plain('pop [sp]', `pop ${word2} ptr [${sp}]`);
  plain('pop [sp-4]', `pop ${word2} ptr [${sp}-4]`);
  plain('pop [m], 16 bits', `pop word ptr ${buffer(0x83)}`);
  for (const immediate of ['-5', '0x12345678', '-0x12345678'])
    plain(`push ${immediate}`, `push ${immediate}`);
  plain('push imm8, 16 bits', '.byte 0x66, 0x6a, 0x85');
  plain('push imm16', '.byte 0x66, 0x68, 0x85, 0x93');
  plain('pushf and pop', `pushf\npop ${ax}\nand eax, 0xcd5\nmov [${TOP - word}], ${ax}`, [ax]);
  plain('pushf, 16 bits', `pushfw\npop ax\nand eax, 0xcd5\nmov [${TOP - 2}], ax`, [ax]);
  plain('popf', `and ${cx}, 0x8d5\npush ${cx}\npopf`);
  plain('popf, 16 bits', `and ${cx}, 0x8d5\npush cx\n.byte 0x66\npopf`);
  // The return address differs with the code's place, not between the runs; it is overwritten to keep hashes of results apart from it.
  plain('call and ret', `call 1f\njmp 2f\n1: mov edx, 7\nret\n2: mov ${word2} ptr [${TOP - word}], 1`, [dx]);
  plain(
    'call register',
    `lea ${bx}, [${bits === 64 ? 'rip+1f' : '1f'}]\ncall ${bx}\njmp 2f\n1: mov edx, 5\nret\n2: mov ${word2} ptr [${TOP - word}], 1`,
    [dx],
  );
  plain(
    'call [m]',
    `lea ${bx}, [${bits === 64 ? 'rip+1f' : '1f'}]\nmov [${BUFFER}], ${bx}\ncall ${word2} ptr ${buffer()}\njmp 2f\n1: mov edx, 6\nret\n2: mov ${word2} ptr [${TOP - word}], 1`,
    [dx],
  );
  plain('jmp register', `lea ${bx}, [${bits === 64 ? 'rip+1f' : '1f'}]\njmp ${bx}\nmov edx, 5\n1:`, [dx]);
  plain(
    'jmp [m]',
    `lea ${bx}, [${bits === 64 ? 'rip+1f' : '1f'}]\nmov [${BUFFER}], ${bx}\njmp ${word2} ptr ${buffer()}\nmov edx, 5\n1:`,
    [dx],
  );
  plain(
    'ret imm',
    `push ${ax}\npush ${cx}\nlea ${bx}, [${bits === 64 ? 'rip+1f' : '1f'}]\npush ${bx}\nret 0x18\n1: mov ${word2} ptr [${TOP - 3 * word}], 1`,
  );
  for (const [size, level] of [
    [0, 0],
    [8, 0],
    [0x20, 1],
    [3, 2],
    [16, 3],
    [0, 33],
    [8, 31],
    [0x14, 12],
  ])
    plain(`enter ${size}, ${level}`, `enter ${size}, ${level}`, [bp], [[bp, BUFFER + 0xa0]]);
  plain('enter 8, 1, 16 bits', `.byte 0x66\nenter 8, 1`, [bp], [[bp, BUFFER + 0xa0]]);
  plain('leave', 'leave', [bp], [[bp, BUFFER + 0x60]]);
  plain('leave, 16 bits', '.byte 0x66\nleave', [bp], [[bp, BUFFER + 0x60]]);
  if (bits === 32) {
    plain(
      'pusha',
      'pushad',
      [],
      [
        [bx, 'b'],
        [si, 'c'],
        [di, 'a'],
        [bp, 'b'],
      ],
    );
    plain(
      'pusha, 16 bits',
      'pushaw',
      [],
      [
        [bx, 'b'],
        [si, 'c'],
        [di, 'a'],
        [bp, 'b'],
      ],
    );
    plain('popa', 'popad', [ax, bx, cx, dx, si, di, bp]);
    plain(
      'popa, 16 bits',
      'popaw',
      [ax, bx, cx, dx, si, di, bp],
      [
        [bx, 'b'],
        [si, 'c'],
        [di, 'a'],
        [bp, 'b'],
      ],
    );
  }
  // Faults leave registers and memory as they were: nothing is mapped at 4 GiB less something, or the address is not canonical.
  if (bits === 64) {
    plain('noncanonical push', `mov ${bx}, ${sp}\nmovabs rsp, 0x8000000000000000\npush rax`, [bx]);
    plain('noncanonical pop', `mov ${bx}, ${sp}\nmovabs rsp, 0x8000000000000000\npop rax`, [bx, ax]);
    plain('noncanonical load', `movabs rbx, 0x7fffffffffff\nmov rax, [rbx]`, [bx, ax]);
  }
  return program;
}
