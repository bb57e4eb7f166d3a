;; region: add a0, a1, a2
;; addiw a0, a0, 5
;; slli a3, a0, 3
;; srliw a4, a3, 2
;; mulhu a5, a3, a4
;; divw a6, a5, a0
;; sltiu a7, a6, 9
;; sh2add t0, a7, a0
;; xor t1, t0, t0
;; wfi
;; 10 guest instructions: 188 operations, 516 bytes; each 18.8 and 51.6
locals 8 i32, 14 i64
i32.const 0
i32.const 0
i32.load cpu+0x2d8
i32.store region+0x1c
i32.const 0
i64.load cpu+0x28
local.set 20
i32.const 0
i64.load cpu+0x30
local.set 21
i32.const 0
i64.load cpu+0x50
local.set 12
i32.const 0
i64.load cpu+0x58
local.set 13
i32.const 0
i64.load cpu+0x60
local.set 14
i32.const 0
i64.load cpu+0x68
local.set 15
i32.const 0
i64.load cpu+0x70
local.set 16
i32.const 0
i64.load cpu+0x78
local.set 17
i32.const 0
i64.load cpu+0x80
local.set 18
i32.const 0
i64.load cpu+0x88
local.set 19
block
  block
    local.get 0
    i32.const 10
    i32.sub
    local.set 0
    local.get 13
    local.get 14
    i64.add
    local.set 12
    local.get 12
    i32.wrap_i64
    i32.const 5
    i32.add
    i64.extend_i32_s
    local.set 12
    local.get 12
    i64.const 3
    i64.shl
    local.set 15
    local.get 15
    i32.wrap_i64
    i32.const 2
    i32.shr_u
    i64.extend_i32_s
    local.set 16
    local.get 15
    local.get 16
    call 5
    local.set 17
    local.get 17
    local.get 12
    call 12
    local.set 18
    local.get 18
    i64.const 9
    i64.lt_u
    i64.extend_i32_u
    local.set 19
    local.get 19
    i64.const 2
    i64.shl
    local.get 12
    i64.add
    local.set 20
    i64.const 0
    local.set 21
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
    local.set 22
    i32.const 0
    i32.load cpu+0x260
    br_if 0 ;; unlikely
    i32.const 0
    i32.const 1
    i32.store cpu+0x238
    i32.const 3
    local.set 2
    i64.const 0x80000028
    local.set 9
    br 1
  end
  i32.const 2
  local.set 2
end
i32.const 0
local.get 20
i64.store cpu+0x28
i32.const 0
local.get 21
i64.store cpu+0x30
i32.const 0
local.get 12
i64.store cpu+0x50
i32.const 0
local.get 15
i64.store cpu+0x68
i32.const 0
local.get 16
i64.store cpu+0x70
i32.const 0
local.get 17
i64.store cpu+0x78
i32.const 0
local.get 18
i64.store cpu+0x80
i32.const 0
local.get 19
i64.store cpu+0x88
local.get 2
i32.eqz
if
  local.get 9
  i32.wrap_i64
  i32.const 3
  i32.shl
  i32.const 1048560
  i32.and
  local.tee 1
  i64.load jumps+0x0
  local.get 9
  i64.eq
  local.get 1
  i32.load jumps+0xc
  i32.const 0
  i32.load cpu+0x230
  i32.eq
  i32.and
  local.get 0
  i32.const 0
  i32.gt_s
  i32.and
  if
    local.get 1
    i32.load jumps+0x8
    i32.load 48
    local.tee 1
    if
      local.get 0
      local.get 1
      return_call_indirect type 0 table 0
    end
  end
end
i32.const 0
local.get 0
i64.extend_i32_s
i64.store cpu+0x218
local.get 2
i32.const 2
i32.eq
if
  i32.const 0
  local.get 22
  i64.store cpu+0x300
  i32.const region+0x0
  call 3
  return
end
i32.const 0
local.get 9
i64.store cpu+0x200
local.get 2
end
