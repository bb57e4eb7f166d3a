// Self-modifying code: stores into code followed by fence.i, in the running block, across pages, in tight loops.
import { Program } from './program.mjs';

const RET = '0x00008067';
/** li a0, n */
const li = (n) => `0x${((n << 20) | 0x513).toString(16)}`;

export function selfModifying() {
  const program = new Program(
    'self-modifying',
    'QEMU 7.2: every store into code is followed by fence.i before it runs.',
  );
  program.emitData('.balign 4096\ncode_page:\n .skip 4096\nnext_page:\n .skip 4096');
  const names = [];
  const one = (name, body) => {
    program.emit(`${body}\n  sd a0, 0(gp)\n  addi gp, gp, 8`);
    names.push(name);
  };
  const put = (address, word) => `  la t0, ${address}\n  li t1, ${word}\n  sw t1, 0(t0)`;
  one(
    'new code in a data page',
    `${put('code_page', li(1))}\n${put('code_page + 4', RET)}\n  fence.i\n  call code_page`,
  );
  one('the same code rewritten', `${put('code_page', li(2))}\n  fence.i\n  call code_page`);
  one(
    'rewritten 200 times in a loop',
    `  li s0, 200\n  li s1, 0\n1:\n  slli t1, s0, 20\n  li t2, 0x513\n  or t1, t1, t2\n  la t0, code_page\n  sw t1, 0(t0)\n  fence.i\n  call code_page\n  add s1, s1, a0\n  addi s0, s0, -1\n  bnez s0, 1b\n  mv a0, s1`,
  );
  one(
    'one byte rewritten',
    `${put('code_page', li(5))}\n  fence.i\n  call code_page\n  mv s1, a0\n  la t0, code_page\n  li t1, 0x01\n  sb t1, 3(t0)\n  fence.i\n  call code_page\n  slli a0, a0, 16\n  or a0, a0, s1`,
  );
  one(
    'one halfword rewritten',
    `${put('code_page', li(6))}\n  fence.i\n  call code_page\n  la t0, code_page\n  li t1, 0x0070\n  sh t1, 2(t0)\n  fence.i\n  call code_page`,
  );
  one(
    'rewritten by a doubleword store',
    `  la t0, code_page\n  li t1, 0x0000806700800513\n  sd t1, 0(t0)\n  fence.i\n  call code_page`,
  );
  one(
    'rewritten by a store that only touches its last byte',
    `  la t0, code_page\n  call code_page\n  li t1, 0x1122334455667700\n  sd t1, 3(t0)\n${put('code_page + 4', RET)}\n  fence.i\n  call code_page`,
  );
  one(
    'rewritten by an AMO',
    `${put('code_page', li(1))}\n  fence.i\n  call code_page\n  li t1, 0x00100000\n  la t0, code_page\n  amoadd.w t2, t1, (t0)\n  fence.i\n  call code_page`,
  );
  one(
    'rewritten by sc',
    `  la t0, code_page\n  li t1, ${li(33)}\n1: lr.w t2, (t0)\n  sc.w t2, t1, (t0)\n  bnez t2, 1b\n  fence.i\n  call code_page`,
  );
  one(
    'rewritten by a floating-point store',
    `  la t0, code_page\n  li t1, ${li(34)}\n  fmv.w.x fa0, t1\n  fsw fa0, 0(t0)\n  fence.i\n  call code_page`,
  );
  const ahead = program.label('ahead');
  one(
    'the next instructions of the running block',
    `  la t0, ${ahead}\n  li t1, ${li(44)}\n  li a0, 0\n  sw t1, 0(t0)\n  fence.i\n${ahead}:\n  li a0, 1`,
  );
  const behind = program.label('behind');
  one(
    'an instruction that already ran, reached again',
    `  li s0, 2\n  la t0, ${behind}\n  li t1, ${li(55)}\n  li s1, 0\n${behind}:\n  li a0, 1\n  add s1, s1, a0\n  sw t1, 0(t0)\n  fence.i\n  addi s0, s0, -1\n  bnez s0, ${behind}\n  mv a0, s1`,
  );
  const itself = program.label('itself');
  one(
    'a loop whose store rewrites its own increment',
    `  li s0, 10\n  li a0, 0\n  la t0, ${itself}\n  li t1, 0x00150513\n${itself}:\n  addi a0, a0, 1\n  lw t1, 0(t0)\n  li t2, 0x00100000\n  add t1, t1, t2\n  sw t1, 0(t0)\n  fence.i\n  addi s0, s0, -1\n  bnez s0, ${itself}`,
  );
  one(
    'data stores into a page that also holds code',
    `${put('code_page', li(3))}\n  fence.i\n  li s0, 300\n  li s1, 0\n1:\n  la t0, code_page\n  sw s0, 2048(t0)\n  call code_page\n  add s1, s1, a0\n  la t0, code_page\n  lw t1, 2048(t0)\n  add s1, s1, t1\n  addi s0, s0, -1\n  bnez s0, 1b\n  mv a0, s1`.replaceAll(
      '2048(t0)',
      '2040(t0)',
    ),
  );
  const crossing = (n) =>
    `  la t0, next_page\n  li t1, ${li(n)}\n  sh t1, -2(t0)\n  srli t1, t1, 16\n  sh t1, 0(t0)\n  li t1, 0x8082\n  sh t1, 2(t0)`;
  one('an instruction across two pages', `${crossing(61)}\n  fence.i\n  call next_page - 2`);
  one(
    'its half on the second page rewritten',
    `  la t0, next_page\n  li t1, 0x03e0\n  sh t1, 0(t0)\n  fence.i\n  call next_page - 2`,
  );
  one(
    'its half on the first page rewritten',
    `  la t0, next_page\n  li t1, 0x0593\n  sh t1, -2(t0)\n  fence.i\n  li a1, 0\n  call next_page - 2\n  mv a0, a1`,
  );
  one(
    'both halves rewritten by one misaligned store',
    `  la t0, next_page\n  li t1, ${li(63)}\n  sw t1, -2(t0)\n  fence.i\n  call next_page - 2`,
  );
  one(
    'a block that runs from one page into the next',
    `  la t0, next_page\n  li t1, 0x00150513\n  sw t1, -8(t0)\n  sw t1, -4(t0)\n  sw t1, 0(t0)\n  li t2, ${RET}\n  sw t2, 4(t0)\n  fence.i\n  li a0, 0\n  call next_page - 8\n  la t0, next_page\n  li t1, 0x00a50513\n  sw t1, 0(t0)\n  fence.i\n  call next_page - 8`,
  );
  one(
    'code copied over other code',
    `  la t0, code_page\n  la t1, 8f\n  ld t2, 0(t1)\n  sd t2, 0(t0)\n  ld t2, 8(t1)\n  sd t2, 8(t0)\n  fence.i\n  call code_page\n  j 9f\n  .balign 8\n8: li a0, 71\n  addi a0, a0, 1\n  addi a0, a0, 1\n  ret\n9:`,
  );
  one(
    'a compressed instruction in place of half of a long one',
    `${put('code_page', li(1))}\n${put('code_page + 4', RET)}\n  fence.i\n  call code_page\n  la t0, code_page\n  li t1, 0x8082452d\n  sw t1, 0(t0)\n  fence.i\n  call code_page`,
  );
  one(
    'two entries into the same code',
    `  la t0, code_page\n  li t1, 0x00150513\n  sw t1, 0(t0)\n  sw t1, 4(t0)\n  sw t1, 8(t0)\n  li t2, ${RET}\n  sw t2, 12(t0)\n  fence.i\n  li a0, 0\n  call code_page\n  call code_page + 4\n  la t0, code_page\n  li t1, 0x01050513\n  sw t1, 8(t0)\n  fence.i\n  call code_page\n  call code_page + 4\n  call code_page + 8`,
  );
  program.section('self-modifying code', ['a0'], { names });
  return program;
}
