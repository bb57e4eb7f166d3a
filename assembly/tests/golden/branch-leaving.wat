;; region: beq a0, a1, outside
;; wfi
;; .org 0xffa
;; .half 1, 1
;; outside: wfi
;; 1 guest instructions: 74 operations, 206 bytes; each 74.0 and 206.0
block
  block
    local.get 0
    i32.const 1
    i32.sub
    local.set 0
    local.get 10
    local.get 11
    i64.eq
    if
      i64.const 0x80000ffe
      local.set 7
      br 2
    else
      i64.const 0x80000004
      local.set 7
      br 2
    end
    unreachable
  end
  i32.const 2
  local.set 2
end
