;; li a0, 1
;; li a1, -1
;; j region
;; region: beq a0, a1, never
;; bne a0, a0, never
;; blt a0, a1, never
;; bge a1, a0, never
;; bltu a1, a0, never
;; bgeu a0, a1, never
;; wfi
;; never: ebreak
;; 7 guest instructions: 163 operations, 428 bytes; each 23.3 and 61.1
block
  block
    local.get 0
    i32.const 1
    i32.sub
    local.set 0
    local.get 12
    local.get 13
    i64.eq
    if ;; unlikely
      i64.const 0x80000028
      local.set 9
      br 2
    else
      local.get 0
      i32.const 1
      i32.sub
      local.set 0
      local.get 0
      i32.const 1
      i32.sub
      local.set 0
      local.get 12
      local.get 13
      i64.lt_s
      if ;; unlikely
        i64.const 0x80000028
        local.set 9
        br 3
      else
        local.get 0
        i32.const 1
        i32.sub
        local.set 0
        local.get 13
        local.get 12
        i64.ge_s
        if ;; unlikely
          i64.const 0x80000028
          local.set 9
          br 4
        else
          local.get 0
          i32.const 1
          i32.sub
          local.set 0
          local.get 13
          local.get 12
          i64.lt_u
          if ;; unlikely
            i64.const 0x80000028
            local.set 9
            br 5
          else
            local.get 0
            i32.const 1
            i32.sub
            local.set 0
            local.get 12
            local.get 13
            i64.ge_u
            if ;; unlikely
              i64.const 0x80000028
              local.set 9
              br 6
            else
              local.get 0
              i32.const 1
              i32.sub
              local.set 0
              i32.const 0
              i32.const ir+0x3c0
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
              br_if 5 ;; unlikely
              local.get 11
              local.set 14
              i32.const 0
              i32.load cpu+0x260
              br_if 5 ;; unlikely
              i32.const 0
              i32.const 1
              i32.store cpu+0x238
              i32.const 3
              local.set 2
              i64.const 0x80000028
              local.set 9
              br 6
            end
            unreachable
          end
          unreachable
        end
        unreachable
      end
      unreachable
    end
    unreachable
  end
  i32.const 2
  local.set 2
end
