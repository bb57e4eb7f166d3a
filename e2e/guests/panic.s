# Says what a kernel says that panics, and stands still.
.include "lib.s"
.globl _start
_start:
    la a1, message
    jal putString
1:  wfi
    j 1b
message:
    .asciz "Kernel panic - not syncing: a test\n"
