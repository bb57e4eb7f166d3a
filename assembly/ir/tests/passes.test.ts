// Golden text of what each pass makes of a region's IR: fixtures/*.txt. `UPDATE_GOLDEN=1 npx vitest run assembly/ir` rewrites them.
import { describe, expect, it } from 'vitest';
import { expectGolden } from './golden.ts';
import { createPassTest } from './passes.ts';

const FOLD: readonly (readonly [string, string])[] = [
  [
    'constants are computed',
    `block 0x1000
  movi %x5, 0x12345000
  addi %x6, %x5, 1656
  add %x7, %x5, %x6
  shri.32 %x8, %x7, 4
  goto 0, 0x2000`,
  ],
  [
    'a short constant becomes an immediate, a long one stays in its register',
    `block 0x1000
  movi %x5, 3
  movi %x6, 0x123456789
  add %x7, %x10, %x5
  sub %x8, %x10, %x5
  shl %x9, %x10, %x5
  add %x11, %x5, %x10
  and %x12, %x10, %x6
  goto 0, 0x2000`,
  ],
  [
    'powers of two',
    `block 0x1000
  movi %x5, 16
  mul %x6, %x10, %x5
  divu %x7, %x10, %x5
  remu %x8, %x10, %x5
  divu.32 %x9, %x10, %x5
  divs %x11, %x10, %x5
  goto 0, 0x2000`,
  ],
  [
    'copies are read at their source while it holds',
    `block 0x1000
  mov %x5, %x10
  add %x6, %x5, %x5
  st64 %x5, %x11, mmu1, 0
  addi %x10, %x10, 1
  add %x7, %x5, %x5
  goto 0, 0x2000`,
  ],
  [
    'shift pairs in place, in another register, and seen in between',
    `block 0x1000
  shli %x5, %x5, 32
  shri %x5, %x5, 32
  shli %x6, %x10, 32
  shri %x7, %x6, 30
  shli %x8, %x8, 48
  ld64 %x9, %x11, mmu1, 0
  sari %x8, %x8, 48
  shli %x12, %x12, 56
  mov %x13, %x12
  sari %x12, %x12, 56
  goto 0, 0x2000`,
  ],
  [
    'extensions of values that are extended already',
    `block 0x1000
  ld32s %x5, %x10, mmu1, 0
  sext32 %x5, %x5
  ld8u %x6, %x10, mmu1, 0
  andi %x7, %x6, 255
  andi %x8, %x6, 127
  sext32 %x9, %x7
  addi.32 %x11, %x12, 0
  zext32 %x6, %x6
  goto 0, 0x2000`,
  ],
  [
    'operands that are the same',
    `block 0x1000
  xor %x5, %x6, %x6
  or %x7, %x6, %x6
  sub %x8, %x9, %x0
  add %x10, %x5, %x9
  goto 0, 0x2000`,
  ],
  [
    'system state that holds the constant already',
    `block 0x1000
  movi [0x810], 3
  ld64 %f1, %x10, mmu1, 0
  movi [0x810], 3
  callx %x5, %x0, %x0, helper7, %x0, 0x1
  movi [0x810], 3
  callfv %f2, %f4, %f6, helper7, %x0, 0x100
  movi [0x810], 3
  goto 0, 0x2000`,
  ],
  [
    'a branch whose outcome is known',
    `block 0x1000
  movi %x5, 1
  bltu %x0, %x5, 1
  goto 0, 0x1010
  goto 0, 0x1020
block 0x1010
  add %x6, %x7, %x8
  goto 0, 0x1020
block 0x1020
  bne %x9, %x9, 1
  goto 0, 0x1000
  goto 0, 0x3000`,
  ],
  [
    'facts flow to the only successor, not into a loop',
    `block 0x1000
  movi %x5, 7
  goto 0, 0x1010
block 0x1010
  add %x6, %x10, %x5
  beq %x6, %x11, 1
  goto 0, 0x1020
  goto 0, 0x1010
block 0x1020
  add %x7, %x12, %x5
  beq %x6, %x11, 1
  goto 0, 0x1030
  goto 0, 0x1040
block 0x1030
  addi %x8, %x11, 0
  add %x6, %x8, %x9
  goto 0, 0x1040
block 0x1040
  add %x12, %x8, %x8
  goto 0, 0x3000`,
  ],
  [
    'a loop with two entries: what leads to 0x1020 is not what dominates it',
    `block 0x1000
  movi %x5, 7
  beq %x6, %x7, 1
  goto 0, 0x1030
  goto 0, 0x1010
block 0x1010
  ld64 %x5, %x10, mmu1, 0
  goto 0, 0x1020
block 0x1020
  add %x8, %x10, %x5
  beq %x6, %x8, 1
  goto 0, 0x2000
  goto 0, 0x1030
block 0x1030
  addi %x6, %x6, 1
  goto 0, 0x1020`,
  ],
];

const DEAD: readonly (readonly [string, string])[] = [
  [
    'a register that is overwritten before it is read',
    `block 0x1000
  addi %x5, %x6, 1
  movi %x5, 2
  goto 0, 0x2000`,
  ],
  [
    'everything is alive where an operation may leave',
    `block 0x1000
  addi %x5, %x6, 1
  ld64 %x7, %x8, mmu1, 0
  addi %x5, %x6, 2
  st8 %x7, %x8, mmu1, 0
  addi %x5, %x6, 3
  rmw.32 %x7, %x8, %x9, 257
  addi %x5, %x6, 4
  callx %x7, %x8, %x9, helper7, %x0, 0x0
  addi %x5, %x6, 5
  call %x7, %x8, %x9, helper7, %x0, 0x0
  addi %x5, %x6, 6
  goto 0, 0x2000`,
  ],
  [
    'temporaries nobody reads; results of loads and helpers stay',
    `block 0x1000
  addi %t0, %x6, 1
  addi %t1, %t0, 1
  ld64 %t2, %x8, mmu1, 0
  call %t3, %x8, %x9, helper7, %t1, 0x0
  addi %t4, %t3, 0
  gotoind 0, %t4`,
  ],
  [
    'across blocks: dead on both ways, alive on one, alive at an exit',
    `block 0x1000
  addi %x5, %x10, 1
  addi %x6, %x10, 1
  addi %x7, %x10, 1
  beq %x10, %x0, 1
  goto 0, 0x1010
  goto 0, 0x1020
block 0x1010
  movi %x5, 1
  movi %x6, 1
  goto 0, 0x2000
block 0x1020
  movi %x5, 2
  add %x6, %x6, %x6
  movi %x7, 2
  goto 0, 0x3000`,
  ],
  [
    'a loop may leave at its header',
    `block 0x1000
  addi %x5, %x10, 1
  goto 0, 0x1010
block 0x1010
  movi %x5, 1
  addi %x6, %x6, 1
  bne %x6, %x10, 1
  goto 0, 0x2000
  goto 0, 0x1010`,
  ],
];

const BOTH: readonly (readonly [string, string])[] = [
  [
    'zero extension through another register',
    `block 0x1000
  shli %x5, %x10, 32
  shri %x5, %x5, 32
  add %x6, %x6, %x5
  goto 0, 0x2000`,
  ],
  [
    'a copy that only serves one use',
    `block 0x1000
  mov %t0, %x10
  addi %x6, %t0, 8
  andi %t1, %x6, -2
  gotoind 0, %t1`,
  ],
];

const PROBE: readonly (readonly [string, string])[] = [
  [
    'a frame: one probe for writing, aligned to the widest access',
    `block 0x1000
  st64 %x1, %x2, mmu1, 24
  st64 %x8, %x2, mmu1, 16
  ld32s %x5, %x2, mmu1, 12
  ld8u %x6, %x2, mmu1, 3
  goto 0, 0x2000`,
  ],
  [
    'the register is written: by an operation, and by a load through itself',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  ld64 %x10, %x10, mmu1, 8
  ld64 %x6, %x10, mmu1, 0
  addi %x10, %x10, 16
  ld64 %x7, %x10, mmu1, 8
  goto 0, 0x2000`,
  ],
  [
    'two registers in turn, another MMU index, and an access alone',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  st64 %x5, %x11, mmu1, 0
  ld64 %x5, %x10, mmu1, 8
  st64 %x5, %x11, mmu1, 8
  ld64 %x6, %x10, mmu2, 8
  ld64 %x6, %x12, mmu1, 0
  goto 0, 0x2000`,
  ],
  [
    'accesses that are far apart or cannot be aligned together stay alone',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  ld64 %x6, %x10, mmu1, 4
  ld64 %x7, %x10, mmu1, 256
  ld64 %x8, %x10, mmu1, 248
  goto 0, 0x2000`,
  ],
  [
    'a callx may change mappings; a slow access cannot without leaving',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  callx %x6, %x0, %x0, helper7, %x0, 0x1
  ld64 %x7, %x10, mmu1, 0
  rmw.32 %x8, %x11, %x12, 257
  ld64 %x9, %x10, mmu1, 8
  goto 0, 0x2000`,
  ],
  [
    'aligned vectors share a probe; each looks at its alignment',
    `block 0x1000
  vld128a %f2, %x10, mmu1, 0
  vld128a %f4, %x10, mmu1, 16
  vst128a %f2, %x10, mmu1, 32
  goto 0, 0x2000`,
  ],
  [
    'arithmetic that may raise changes no mapping',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  callfx %x6, %x5, %x7, helper7, %x0, 0x100
  ld64 %x7, %x10, mmu1, 8
  callfv %f2, %f4, %f6, helper7, %x0, 0x100
  ld64 %x8, %x10, mmu1, 16
  goto 0, 0x2000`,
  ],
  [
    'a stack pointer that moves, its addresses cut to 32 bits',
    `block 0x1000
  addiu.32 %t0, %x5, -4
  st32 %x1, %t0, mmu1, 0
  mov %x5, %t0
  addiu.32 %t0, %x5, -4
  st32 %x2, %t0, mmu1, 0
  mov %x5, %t0
  addiu.32 %t0, %x5, 12
  ld32u %x3, %t0, mmu1, 0
  zext32 %x6, %x5
  ld32u %x4, %x6, mmu1, 0
  goto 0, 0x2000`,
  ],
  [
    'what was cut is not the same as what was not, nor is a sum behind a cut',
    `block 0x1000
  ld32u %x3, %x5, mmu1, 0
  addiu.32 %t0, %x5, 8
  ld32u %x4, %t0, mmu1, 0
  ld32u %x4, %t0, mmu1, 4
  addi %t1, %t0, 4
  ld32u %x4, %t1, mmu1, 0
  addiu.32 %t1, %x5, 12
  ld32u %x4, %t1, mmu1, 0
  goto 0, 0x2000`,
  ],
  [
    'into the block that one block leads to, but for a store that makes a group one for writing',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  st64 %x5, %x11, mmu1, 0
  beq %x5, %x6, 1
  goto 0, 0x2000
  goto 1, 0x3000
block 0x2000
  ld64 %x7, %x10, mmu1, 8
  st64 %x7, %x10, mmu1, 16
  ld64 %x7, %x11, mmu1, 8
  goto 0, 0x3000
block 0x3000
  ld64 %x7, %x10, mmu1, 8
  goto 0, 0x4000`,
  ],
  [
    'the least recently used of the locals is given up',
    `block 0x1000
  ld64 %x5, %x10, mmu1, 0
  ld64 %x5, %x11, mmu1, 0
  ld64 %x5, %x12, mmu1, 0
  ld64 %x5, %x13, mmu1, 0
  ld64 %x5, %x14, mmu1, 0
  ld64 %x5, %x15, mmu1, 0
  ld64 %x5, %x10, mmu1, 8
  ld64 %x5, %x16, mmu1, 0
  ld64 %x5, %x10, mmu1, 16
  ld64 %x5, %x11, mmu1, 8
  ld64 %x5, %x16, mmu1, 8
  goto 0, 0x2000`,
  ],
];

describe('passes over IR', () => {
  it('fold', () => expectGolden('fold', FOLD, (test, source) => test.run(source, 'fold')));
  it('dead', () => expectGolden('dead', DEAD, (test, source) => test.run(source, 'dead')));
  it('both', () => expectGolden('both', BOTH, (test, source) => test.run(source, 'fold', 'dead')));

  it('probe', () => expectGolden('probe', PROBE, (test, source) => test.run(source, 'probe')));

  it('leaves blocks as they are', async () => {
    const test = await createPassTest();
    const source = 'block 0x1000\n  movi %x5, 1\n  movi %x5, 2\n  goto 0, 0x2000';
    const before = test.run(source);
    expect(test.run(source, 'fold', 'dead')).not.toBe(before);
    expect(test.run(source)).toBe(before);
  });
});
