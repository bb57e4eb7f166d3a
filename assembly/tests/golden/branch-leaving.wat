;; region: beq a0, a1, outside
;; wfi
;; .org 0xffa
;; .half 1, 1
;; outside: wfi
;; 2 guest instructions: 111 operations, 313 bytes; each 55.5 and 156.5
block
  block
    local.get 0
    i32.const 1
    i32.sub
    local.set 0
    local.get 12
    local.get 13
    i64.eq
    if ;; likely
      local.get 0
      i32.const 1
      i32.sub
      local.set 0
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
      br_if 1 ;; unlikely
      local.get 11
      local.set 14
      i32.const 0
      i32.load cpu+0x260
      br_if 1 ;; unlikely
      i32.const 0
      i32.const 1
      i32.store cpu+0x238
      i32.const 3
      local.set 2
      i64.const 0x80001002
      local.set 9
      br 2
    else
      i64.const 0x80000004
      local.set 9
      br 2
    end
    unreachable
  end
  i32.const 2
  local.set 2
end
