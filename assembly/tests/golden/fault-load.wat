;; la s0, data
;; j region
;; region: lw a0, 4(s0)
;; wfi
;; .balign 8
;; data: .dword 1
;; 2 guest instructions: 134 operations, 372 bytes; each 67.0 and 186.0
block
  block
    local.get 0
    i32.const 2
    i32.sub
    local.set 0
    local.get 13
    i64.const 4
    i64.add
    local.tee 10
    i32.wrap_i64
    i32.const 7
    i32.shr_u
    i32.const 32736
    i32.and
    local.tee 1
    i64.load tlb+0x18000
    local.get 10
    i64.const 3
    i64.add
    i64.const -4096
    i64.and
    i64.eq
    if i64 ;; likely
      local.get 10
      i32.wrap_i64
      local.get 1
      i32.load tlb+0x18018
      i32.add
      i64.load32_s
    else
      local.get 10
      i32.const ir+0xb0
      local.get 0
      call 0
      i32.const 0
      i32.load cpu+0x2b8
      br_if 1 ;; unlikely
    end
    local.set 12
    i32.const 0
    i32.const ir+0xc0
    i32.store cpu+0x2bc
    i32.const 0
    local.get 0
    i64.extend_i32_s
    i64.store cpu+0x218
    i32.const cpu+0x0
    i64.const 0
    i64.const 0
    i64.const 0
    i32.const 273678451
    i32.const helper
    call_indirect type 3 table 0
    local.set 11
    i32.const 0
    i64.load cpu+0x208
    i64.const 0
    i64.ne
    br_if 0 ;; unlikely
    local.get 11
    local.set 14
    i32.const 0
    i32.load cpu+0x260
    br_if 0 ;; unlikely
    i32.const 0
    i32.const 1
    i32.store cpu+0x238
    i32.const 3
    local.set 2
    i64.const 0x80000014
    local.set 9
    br 1
  end
  i32.const 2
  local.set 2
end
