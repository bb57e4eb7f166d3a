;; li s2, 8
;; region: li s1, 9
;; andi t0, s2, 1
;; beqz t0, right
;; left: addi a0, a0, 1
;; addi s1, s1, -1
;; bltz s1, out
;; right: addi a1, a1, 1
;; addi s1, s1, -1
;; bgez s1, left
;; out: addi s2, s2, -1
;; bgtz s2, region
;; wfi
;; 12 guest instructions: 232 operations, 598 bytes; each 19.3 and 49.8
locals 8 i32, 9 i64
i32.const 0
i32.const 0
i32.load cpu+0x2d8
i32.store region+0x1c
i32.const 0
i64.load cpu+0x28
local.set 13
i32.const 0
i64.load cpu+0x48
local.set 12
i32.const 0
i64.load cpu+0x50
local.set 16
i32.const 0
i64.load cpu+0x58
local.set 15
i32.const 0
i64.load cpu+0x90
local.set 14
block
  block
    loop
      block
        local.get 0
        i32.const 0
        i32.le_s
        if ;; unlikely
          i32.const 1
          local.set 2
          i64.const 0x80000004
          local.set 9
          br 4
        end
        local.get 0
        i32.const 3
        i32.sub
        local.set 0
        i64.const 9
        local.set 12
        local.get 14
        i64.const 1
        i64.and
        local.set 13
        local.get 13
        i64.const 0
        i64.eq
        if
          i32.const 1
          local.set 1
          br 1
        else
          i32.const 2
          local.set 1
          br 1
        end
        unreachable
      end
      loop
        block
          local.get 1
          i32.const 2
          i32.eq
          if
            local.get 0
            i32.const 0
            i32.le_s
            if ;; unlikely
              i32.const 1
              local.set 2
              i64.const 0x80000010
              local.set 9
              br 6
            end
            local.get 0
            i32.const 3
            i32.sub
            local.set 0
            local.get 16
            i64.const 1
            i64.add
            local.set 16
            local.get 12
            i64.const -1
            i64.add
            local.set 12
            local.get 12
            i64.const 0
            i64.lt_s
            if
              br 2
            else
              i32.const 1
              local.set 1
              br 3
            end
            unreachable
          else
            local.get 0
            i32.const 0
            i32.le_s
            if ;; unlikely
              i32.const 1
              local.set 2
              i64.const 0x8000001c
              local.set 9
              br 6
            end
            local.get 0
            i32.const 3
            i32.sub
            local.set 0
            local.get 15
            i64.const 1
            i64.add
            local.set 15
            local.get 12
            i64.const -1
            i64.add
            local.set 12
            local.get 12
            i64.const 0
            i64.ge_s
            if
              i32.const 2
              local.set 1
              br 3
            else
              br 2
            end
            unreachable
          end
          unreachable
        end
        local.get 0
        i32.const 2
        i32.sub
        local.set 0
        local.get 14
        i64.const -1
        i64.add
        local.set 14
        i64.const 0
        local.get 14
        i64.lt_s
        if
          br 2
        else
          local.get 0
          i32.const 1
          i32.sub
          local.set 0
          i32.const 0
          i32.const ir+0x360
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
          br_if 3 ;; unlikely
          local.get 11
          local.set 17
          i32.const 0
          i32.load cpu+0x260
          br_if 3 ;; unlikely
          i32.const 0
          i32.const 1
          i32.store cpu+0x238
          i32.const 3
          local.set 2
          i64.const 0x80000034
          local.set 9
          br 4
        end
        unreachable
      end
    end
  end
  i32.const 2
  local.set 2
end
i32.const 0
local.get 13
i64.store cpu+0x28
i32.const 0
local.get 12
i64.store cpu+0x48
i32.const 0
local.get 16
i64.store cpu+0x50
i32.const 0
local.get 15
i64.store cpu+0x58
i32.const 0
local.get 14
i64.store cpu+0x90
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
  local.get 17
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
