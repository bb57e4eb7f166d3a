;; li s1, 20
;; region: addi s1, s1, -1
;; bnez s1, region
;; wfi
;; 3 guest instructions: 122 operations, 337 bytes; each 40.7 and 112.3
block
  block
    loop
      local.get 0
      i32.const 0
      i32.le_s
      if ;; unlikely
        i32.const 1
        local.set 2
        i64.const 0x80000004
        local.set 9
        br 3
      end
      local.get 0
      i32.const 2
      i32.sub
      local.set 0
      local.get 12
      i64.const -1
      i64.add
      local.set 12
      local.get 12
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
        i32.const ir+0x160
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
        local.set 13
        i32.const 0
        i32.load cpu+0x260
        br_if 2 ;; unlikely
        i32.const 0
        i32.const 1
        i32.store cpu+0x238
        i32.const 3
        local.set 2
        i64.const 0x80000010
        local.set 9
        br 3
      end
      unreachable
    end
  end
  i32.const 2
  local.set 2
end
