;; region: addi a0, a0, 1
;; j outside
;; .org 0x1ffa
;; .half 1, 1
;; outside: wfi
;; 2 guest instructions: 70 operations, 193 bytes; each 35.0 and 96.5
block
  block
    local.get 0
    i32.const 2
    i32.sub
    local.set 0
    local.get 10
    i64.const 1
    i64.add
    local.set 10
    i64.const 0x80001ffe
    local.set 7
    br 1
  end
  i32.const 2
  local.set 2
end
