;; la t0, next
;; j region
;; region: jalr t0
;; nop
;; next: wfi
;; 1 guest instructions: 78 operations, 217 bytes; each 78.0 and 217.0
block
  block
    local.get 0
    i32.const 1
    i32.sub
    local.set 0
    local.get 13
    i64.const -2
    i64.and
    local.set 12
    i64.const 0x80000010
    local.set 14
    local.get 12
    local.set 9
    br 1
  end
  i32.const 2
  local.set 2
end
