;; la t0, next
;; j region
;; region: addi a0, a0, 1
;; jr t0
;; next: wfi
;; 2 guest instructions: 80 operations, 216 bytes; each 40.0 and 108.0
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
    local.get 14
    i64.const -2
    i64.and
    local.set 13
    local.get 13
    local.set 9
    br 1
  end
  i32.const 2
  local.set 2
end
