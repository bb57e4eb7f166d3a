;; la s0, data
;; j region
;; region: amoswap.d a0, s0, (s0)
;; wfi
;; .org 0x1000
;; data: .dword 1
;; 2 guest instructions: 111 operations, 321 bytes; each 55.5 and 160.5
block
  block
    local.get 0
    i32.const 2
    i32.sub
    local.set 0
    local.get 13
    local.get 13
    i32.const ir+0xb0
    local.get 0
    call 2
    i32.const 0
    i32.load cpu+0x2b8
    br_if 0 ;; unlikely
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
