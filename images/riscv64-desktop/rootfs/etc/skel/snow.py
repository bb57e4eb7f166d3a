#!/usr/bin/python3
"""Snow in a terminal, until Ctrl-C: python3 snow.py"""
import random
import shutil
import time

WIDTH, HEIGHT = shutil.get_terminal_size()
ground = [HEIGHT] * WIDTH
flakes = []
print("\x1b[2J\x1b[?25l", end="")
try:
    while True:
        flakes += [(random.randrange(WIDTH), 1) for _ in range(WIDTH // 20)]
        line, still_falling = "", []
        for x, y in flakes:
            line += f"\x1b[{y};{x + 1}H "
            y += 1
            if y < ground[x]:
                x = (x + random.choice((-1, 0, 0, 1))) % WIDTH
            if y >= ground[x]:
                ground[x] = max(ground[x] - 1, HEIGHT // 2)
                line += f"\x1b[{ground[x] + 1};{x + 1}H\x1b[97m*"
            else:
                line += f"\x1b[{y};{x + 1}H\x1b[97m*"
                still_falling.append((x, y))
        flakes = still_falling
        print(line, end="\x1b[0m", flush=True)
        time.sleep(0.08)
except KeyboardInterrupt:
    print("\x1b[?25h\x1b[2J\x1b[H", end="")
