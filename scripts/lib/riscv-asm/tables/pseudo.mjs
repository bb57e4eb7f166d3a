/**
 * Pseudo-instructions as text: [mnemonic, number of operands, instructions]; `$1`... stand for the operands.
 * `%pcrel_lo_here(sym)` is the low part that belongs to the `auipc` immediately before (GNU as makes a hidden
 * label for the same purpose). `li` is not here: its expansion depends on the value (see constants.mjs).
 * Source: RISC-V assembly programmer's manual, "pseudoinstructions".
 * @type {[name: string, operandCount: number, expansion: string[]][]}
 */
export const PSEUDO_INSTRUCTIONS = [
  ['nop', 0, ['addi x0, x0, 0']],
  ['mv', 2, ['addi $1, $2, 0']],
  ['not', 2, ['xori $1, $2, -1']],
  ['neg', 2, ['sub $1, x0, $2']],
  ['negw', 2, ['subw $1, x0, $2']],
  ['sext.w', 2, ['addiw $1, $2, 0']],
  ['zext.b', 2, ['andi $1, $2, 255']],
  ['zext.w', 2, ['add.uw $1, $2, x0']],
  ['seqz', 2, ['sltiu $1, $2, 1']],
  ['snez', 2, ['sltu $1, x0, $2']],
  ['sltz', 2, ['slt $1, $2, x0']],
  ['sgtz', 2, ['slt $1, x0, $2']],
  ['sgt', 3, ['slt $1, $3, $2']],
  ['sgtu', 3, ['sltu $1, $3, $2']],
  ['beqz', 2, ['beq $1, x0, $2']],
  ['bnez', 2, ['bne $1, x0, $2']],
  ['blez', 2, ['bge x0, $1, $2']],
  ['bgez', 2, ['bge $1, x0, $2']],
  ['bltz', 2, ['blt $1, x0, $2']],
  ['bgtz', 2, ['blt x0, $1, $2']],
  ['bgt', 3, ['blt $2, $1, $3']],
  ['ble', 3, ['bge $2, $1, $3']],
  ['bgtu', 3, ['bltu $2, $1, $3']],
  ['bleu', 3, ['bgeu $2, $1, $3']],
  ['j', 1, ['jal x0, $1']],
  ['jal', 1, ['jal x1, $1']],
  ['jr', 1, ['jalr x0, 0($1)']],
  ['jalr', 1, ['jalr x1, 0($1)']],
  ['ret', 0, ['jalr x0, 0(x1)']],
  ['call', 1, ['auipc x1, %pcrel_hi($1)', 'jalr x1, %pcrel_lo_here($1)(x1)']],
  ['tail', 1, ['auipc x6, %pcrel_hi($1)', 'jalr x0, %pcrel_lo_here($1)(x6)']],
  ['la', 2, ['auipc $1, %pcrel_hi($2)', 'addi $1, $1, %pcrel_lo_here($2)']],
  ['lla', 2, ['auipc $1, %pcrel_hi($2)', 'addi $1, $1, %pcrel_lo_here($2)']],
  ['sfence.vma', 0, ['sfence.vma x0, x0']],
  ['sfence.vma', 1, ['sfence.vma $1, x0']],

  ['csrr', 2, ['csrrs $1, $2, x0']],
  ['csrw', 2, ['csrrw x0, $1, $2']],
  ['csrs', 2, ['csrrs x0, $1, $2']],
  ['csrc', 2, ['csrrc x0, $1, $2']],
  ['csrwi', 2, ['csrrwi x0, $1, $2']],
  ['csrsi', 2, ['csrrsi x0, $1, $2']],
  ['csrci', 2, ['csrrci x0, $1, $2']],
  ['rdcycle', 1, ['csrrs $1, cycle, x0']],
  ['rdtime', 1, ['csrrs $1, time, x0']],
  ['rdinstret', 1, ['csrrs $1, instret, x0']],

  ['fmv.s', 2, ['fsgnj.s $1, $2, $2']],
  ['fabs.s', 2, ['fsgnjx.s $1, $2, $2']],
  ['fneg.s', 2, ['fsgnjn.s $1, $2, $2']],
  ['fgt.s', 3, ['flt.s $1, $3, $2']],
  ['fge.s', 3, ['fle.s $1, $3, $2']],
  ['fmv.d', 2, ['fsgnj.d $1, $2, $2']],
  ['fabs.d', 2, ['fsgnjx.d $1, $2, $2']],
  ['fneg.d', 2, ['fsgnjn.d $1, $2, $2']],
  ['fgt.d', 3, ['flt.d $1, $3, $2']],
  ['fge.d', 3, ['fle.d $1, $3, $2']],
  ['fmv.x.s', 2, ['fmv.x.w $1, $2']],
  ['fmv.s.x', 2, ['fmv.w.x $1, $2']],
  ['frcsr', 1, ['csrrs $1, fcsr, x0']],
  ['fscsr', 1, ['csrrw x0, fcsr, $1']],
  ['fscsr', 2, ['csrrw $1, fcsr, $2']],
  ['frrm', 1, ['csrrs $1, frm, x0']],
  ['fsrm', 1, ['csrrw x0, frm, $1']],
  ['fsrm', 2, ['csrrw $1, frm, $2']],
  ['fsrmi', 1, ['csrrwi x0, frm, $1']],
  ['frflags', 1, ['csrrs $1, fflags, x0']],
  ['fsflags', 1, ['csrrw x0, fflags, $1']],
  ['fsflags', 2, ['csrrw $1, fflags, $2']],
  ['fsflagsi', 1, ['csrrwi x0, fflags, $1']],
];

/** Loads and stores that also take a symbol: `lw rd, sym`, `sw rs, sym, scratch`, `fld frd, sym, scratch`. */
const SYMBOLIC_LOADS = ['lb', 'lh', 'lw', 'ld', 'lbu', 'lhu', 'lwu'];
const SYMBOLIC_WITH_SCRATCH = ['sb', 'sh', 'sw', 'sd', 'flw', 'fld', 'fsw', 'fsd'];
for (const name of SYMBOLIC_LOADS) {
  PSEUDO_INSTRUCTIONS.push([name, 2, ['auipc $1, %pcrel_hi($2)', `${name} $1, %pcrel_lo_here($2)($1)`]]);
}
for (const name of SYMBOLIC_WITH_SCRATCH) {
  PSEUDO_INSTRUCTIONS.push([name, 3, ['auipc $3, %pcrel_hi($2)', `${name} $1, %pcrel_lo_here($2)($3)`]]);
}
