/** Programs whose regions golden.test.ts keeps as text. Each has a label `region`, where the region begins, and ends in a wfi. */

/** What guest code is made of. */
export const SNIPPETS: Record<string, string> = {
  arithmetic: `
    region: add a0, a1, a2
      addiw a0, a0, 5
      slli a3, a0, 3
      srliw a4, a3, 2
      mulhu a5, a3, a4
      divw a6, a5, a0
      sltiu a7, a6, 9
      sh2add t0, a7, a0
      xor t1, t0, t0
      wfi`,
  memory: `
      la s0, data
      j region
    region: lbu a0, 0(s0)
      lw a1, 4(s0)
      ld a2, 8(s0)
      sb a0, 16(s0)
      sd a2, 24(s0)
      addi s0, s0, 8
      wfi
    .org 0x1000
    data: .dword 1
    .skip 64`,
  loop: `
      la s0, data
      li s1, 64
    region: ld a0, 0(s0)
      add a1, a1, a0
      addi s0, s0, 8
      addi s1, s1, -1
      bnez s1, region
      wfi
    .org 0x1000
    data: .skip 512`,
  'if-else': `
      li s1, 64
    region: andi t0, s1, 1
      beqz t0, even
      addi a0, a0, 1
      j next
    even: addi a1, a1, 1
    next: addi s1, s1, -1
      bnez s1, region
      wfi`,
  'nested-loops': `
      li s1, 20
    region: li s2, 20
    inner: add a0, a0, s2
      addi s2, s2, -1
      bnez s2, inner
      addi s1, s1, -1
      bnez s1, region
      wfi`,
  'call-return': `
      li s1, 40
    region: mv a0, s1
      jal double
      add s2, s2, a0
      addi s1, s1, -1
      bnez s1, region
      wfi
    double: slli a0, a0, 1
      ret`,
  'float-double': `
      li t0, 0x6000
      csrs mstatus, t0
      li s1, 20
      fcvt.d.l fa0, s1
    region: fadd.d fa1, fa1, fa0
      fmul.d fa2, fa1, fa0
      flt.d t0, fa1, fa2
      fmv.x.d t1, fa2
      addi s1, s1, -1
      bnez s1, region
      wfi`,
  atomics: `
      la s0, data
      li s1, 20
    region: amoadd.d a0, s1, (s0)
      amomaxu.w a1, s1, (s0)
      lr.d a2, (s0)
      sc.d a3, a2, (s0)
      fence
      addi s1, s1, -1
      bnez s1, region
      wfi
    .org 0x1000
    data: .dword 0`,
  // The loop of left and right is entered at both.
  irreducible: `
      li s2, 8
    region: li s1, 9
      andi t0, s2, 1
      beqz t0, right
    left: addi a0, a0, 1
      addi s1, s1, -1
      bltz s1, out
    right: addi a1, a1, 1
      addi s1, s1, -1
      bgez s1, left
    out: addi s2, s2, -1
      bgtz s2, region
      wfi`,
  // The loop of left, middle and right is entered at each, and left is a loop of its own.
  'irreducible-three': `
      li s2, 9
    region: li s1, 20
      li t1, 3
      remu t0, s2, t1
      addi t0, t0, -1
      bltz t0, left
      beqz t0, middle
      j right
    left: addi a0, a0, 1
      addi s1, s1, -1
      andi t0, s1, 1
      bnez t0, left
    middle: addi a1, a1, 1
      addi s1, s1, -1
      bltz s1, out
    right: addi a2, a2, 1
      addi s1, s1, -1
      bgez s1, left
    out: addi s2, s2, -1
      bgtz s2, region
      wfi`,
  // The loop of outer and inside is entered at both, and so is that of left and right in it.
  'irreducible-nested': `
      li s2, 8
    region: li s1, 9
      andi t0, s2, 1
      beqz t0, inside
    outer: addi a0, a0, 1
      addi s1, s1, -1
      j inside
    inside: li s3, 5
      andi t0, s1, 1
      beqz t0, right
    left: addi a1, a1, 1
      j right
    right: addi a2, a2, 1
      addi s3, s3, -1
      bgtz s3, left
      addi s1, s1, -1
      bgez s1, outer
      addi s2, s2, -1
      bgtz s2, region
      wfi`,
  system: `
      li s1, 20
    region: csrr a0, mscratch
      addi s1, s1, -1
      csrw mscratch, s1
      bnez s1, region
      wfi`,
};

/** A block that tier 1 does not take, because its instruction crosses pages: an exit that leads to it leaves the region. */
const OUTSIDE = `
    .half 1, 1
    outside: wfi`;

/** Every way out of a block and out of a region, each in the smallest region that has it. */
export const EXITS: Record<string, string> = {
  'goto-inside': `
    region: addi a0, a0, 1
      j next
      nop
    next: addi a1, a1, 1
      wfi`,
  'goto-leaving': `
    region: addi a0, a0, 1
      j outside
    .org 0xffa ${OUTSIDE}`,
  'gotofar-inside': `
    region: addi a0, a0, 1
      j far
    .org 0x1000
    far: addi a1, a1, 1
      wfi`,
  'gotofar-leaving': `
    region: addi a0, a0, 1
      j outside
    .org 0x1ffa ${OUTSIDE}`,
  gotoind: `
      la t0, next
      j region
    region: addi a0, a0, 1
      jr t0
    next: wfi`,
  'gotoind-link': `
      la t0, next
      j region
    region: jalr t0
      nop
    next: wfi`,
  // One arm goes on, the other was never looked up.
  'branch-half': `
      li a0, 1
      j region
    region: addi a0, a0, 1
      beqz a0, never
      addi a1, a1, 1
      wfi
    never: ebreak`,
  'branch-leaving': `
    region: beq a0, a1, outside
      wfi
    .org 0xffa ${OUTSIDE}`,
  'branch-kinds': `
      li a0, 1
      li a1, -1
      j region
    region: beq a0, a1, never
      bne a0, a0, never
      blt a0, a1, never
      bge a1, a0, never
      bltu a1, a0, never
      bgeu a0, a1, never
      wfi
    never: ebreak`,
  'exit-again': `
    region: fence.i
      wfi`,
  'exit-halt': `
    region: addi a0, a0, 1
      wfi`,
  'exit-raises': `
      la t0, trap
      csrw mtvec, t0
      j region
    region: addi a0, a0, 1
      ecall
    .balign 4
    trap: wfi`,
  'trap-return': `
      la t0, next
      csrw mepc, t0
      li t0, 0x1800
      csrs mstatus, t0
      j region
    region: addi a0, a0, 1
      mret
    next: wfi`,
  'budget-loop': `
      li s1, 20
    region: addi s1, s1, -1
      bnez s1, region
      wfi`,
  'fault-load': `
      la s0, data
      j region
    region: lw a0, 4(s0)
      wfi
    .balign 8
    data: .dword 1`,
  'fault-store': `
      la s0, data
      j region
    region: sw s0, 4(s0)
      wfi
    .org 0x1000
    data: .dword 1`,
  'fault-atomic': `
      la s0, data
      j region
    region: amoswap.d a0, s0, (s0)
      wfi
    .org 0x1000
    data: .dword 1`,
  'fault-helper': `
    region: csrrw a0, mscratch, a1
      wfi`,
  // What is left to do after the load has to know the loaded value, which is a temporary.
  'leave-after-load': `
      li t0, 0x6000
      csrs mstatus, t0
      la s0, data
      j region
    region: flw fa0, 0(s0)
      wfi
    .balign 8
    data: .word 0x3f800000`,
};

/** Under -icount every block checks the budget. */
export const ICOUNT_EXITS: Record<string, string> = {
  'budget-icount': `
      li s1, 20
      j region
    region: addi s1, s1, -1
      j next
      nop
    next: bnez s1, region
      wfi`,
};
