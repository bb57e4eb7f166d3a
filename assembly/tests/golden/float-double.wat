;; li t0, 0x6000
;; csrs mstatus, t0
;; li s1, 20
;; fcvt.d.l fa0, s1
;; region: fadd.d fa1, fa1, fa0
;; fmul.d fa2, fa1, fa0
;; flt.d t0, fa1, fa2
;; fmv.x.d t1, fa2
;; addi s1, s1, -1
;; bnez s1, region
;; wfi
;; 7 guest instructions: 244 operations, 647 bytes; each 34.9 and 92.4
locals 8 i32, 10 i64
i32.const 0
i32.const 0
i32.load cpu+0x2d8
i32.store region+0x1c
i32.const 0
i64.load cpu+0x28
local.set 15
i32.const 0
i64.load cpu+0x30
local.set 16
i32.const 0
i64.load cpu+0x48
local.set 17
i32.const 0
i64.load cpu+0x150
local.set 13
i32.const 0
i64.load cpu+0x158
local.set 12
i32.const 0
i64.load cpu+0x160
local.set 14
block
  block
    loop
      local.get 0
      i32.const 0
      i32.le_s
      if ;; unlikely
        i32.const 1
        local.set 2
        i64.const 0x80000010
        local.set 9
        br 3
      end
      local.get 0
      i32.const 6
      i32.sub
      local.set 0
      local.get 12
      f64.reinterpret_i64
      local.get 13
      f64.reinterpret_i64
      f64.add
      i64.reinterpret_f64
      local.tee 11
      i64.const 1
      i64.shl
      i64.const -9007199254740992
      i64.lt_u
      i32.const 0
      i32.load cpu+0x240
      i32.const 1
      i32.and
      i32.and
      i32.const 0
      i32.load cpu+0x8d0
      i32.eqz
      i32.and
      if i64 ;; likely
        local.get 11
      else
        i32.const cpu+0x0
        local.get 12
        local.get 13
        i64.const 0
        i32.const 263
        i32.const helper
        call_indirect type 3 table 0
      end
      local.set 12
      i64.const 3
      local.set 11
      i32.const 0
      local.get 11
      i64.store cpu+0x810
      local.get 12
      f64.reinterpret_i64
      local.get 13
      f64.reinterpret_i64
      f64.mul
      i64.reinterpret_f64
      local.tee 11
      i64.const 1
      i64.shl
      i64.const 0x20000000000002
      i64.sub
      i64.const -18014398509481986
      i64.lt_u
      i32.const 0
      i32.load cpu+0x240
      i32.const 1
      i32.and
      i32.and
      i32.const 0
      i32.load cpu+0x8d0
      i32.eqz
      i32.and
      if i64 ;; likely
        local.get 11
      else
        i32.const cpu+0x0
        local.get 12
        local.get 13
        i64.const 0
        i32.const 775
        i32.const helper
        call_indirect type 3 table 0
      end
      local.set 14
      local.get 12
      f64.reinterpret_i64
      local.get 12
      f64.reinterpret_i64
      f64.eq
      local.get 14
      f64.reinterpret_i64
      local.get 14
      f64.reinterpret_i64
      f64.eq
      i32.and
      if i64 ;; likely
        local.get 12
        f64.reinterpret_i64
        local.get 14
        f64.reinterpret_i64
        f64.lt
        i64.extend_i32_u
      else
        i32.const cpu+0x0
        local.get 12
        local.get 14
        i64.const 0
        i32.const 2816
        i32.const helper
        call_indirect type 3 table 0
      end
      local.set 15
      local.get 14
      local.set 16
      local.get 17
      i64.const -1
      i64.add
      local.set 17
      local.get 17
      i64.const 0
      i64.ne
      if
        br 1
      else
        local.get 0
        i32.const 1
        i32.sub
        local.set 0
        i32.const 0
        i32.const ir+0x2c0
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
        br_if 2 ;; unlikely
        local.get 11
        local.set 18
        i32.const 0
        i32.load cpu+0x260
        br_if 2 ;; unlikely
        i32.const 0
        i32.const 1
        i32.store cpu+0x238
        i32.const 3
        local.set 2
        i64.const 0x8000002c
        local.set 9
        br 3
      end
      unreachable
    end
  end
  i32.const 2
  local.set 2
end
i32.const 0
local.get 15
i64.store cpu+0x28
i32.const 0
local.get 16
i64.store cpu+0x30
i32.const 0
local.get 17
i64.store cpu+0x48
i32.const 0
local.get 12
i64.store cpu+0x158
i32.const 0
local.get 14
i64.store cpu+0x160
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
  local.get 18
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
