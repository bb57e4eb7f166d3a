;; la t0, trap
;; csrw mtvec, t0
;; j region
;; region: addi a0, a0, 1
;; ecall
;; .balign 4
;; trap: wfi
;; 2 guest instructions: 98 operations, 275 bytes; each 49.0 and 137.5
block
  block
    local.get 0
    i32.const 2
    i32.sub
    local.set 0
    local.get 12
    i64.const 1
    i64.add
    local.set 12
    i32.const 0
    i32.const ir+0xd0
    i32.store cpu+0x2bc
    i32.const 0
    local.get 0
    i64.extend_i32_s
    i64.store cpu+0x218
    i32.const cpu+0x0
    i64.const 0
    i64.const 0
    i64.const 0
    i32.const 115
    i32.const helper
    call_indirect type 3 table 0
    local.set 11
    i32.const 0
    i64.load cpu+0x208
    i64.const 0
    i64.ne
    br_if 0 ;; unlikely
    local.get 11
    local.set 13
    i32.const 0
    i32.load cpu+0x260
    br_if 0 ;; unlikely
    i64.const 0x80000014
    local.set 9
    br 1
  end
  i32.const 2
  local.set 2
end
