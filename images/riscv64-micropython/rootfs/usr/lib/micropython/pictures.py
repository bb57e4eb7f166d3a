"""Pictures in characters, two colored pixels to each."""

import random
import sys
import time


def _show(rows):
    """Prints rows of color numbers (0 to 255, None for none), two rows to a line."""
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2]):
        line = ""
        last = None
        for pair in zip(upper, lower):
            if pair != last:
                over, under = pair
                line += "\x1b[0m"
                if over is not None:
                    line += "\x1b[38;5;%dm" % over
                if under is not None:
                    line += "\x1b[48;5;%dm" % under
                last = pair
            line += " " if pair == (None, None) else "\u2584" if pair[0] is None else "\u2580"
        lines.append(line + "\x1b[0m")
    sys.stdout.write("\n".join(lines) + "\n")


_GLOW = [17, 18, 19, 20, 26, 32, 38, 44, 50, 86, 122, 158, 194, 230, 229, 228, 222, 216, 210, 204]


def mandelbrot(x=-0.6, y=0.0, span=2.6, width=76, height=40, depth=60):
    """The Mandelbrot set around x + yi, `span` wide."""
    step = span / width
    rows = []
    for row in range(height):
        colors = []
        for column in range(width):
            c = complex(x + (column - width / 2) * step, y + (height / 2 - row) * step)
            z = 0j
            n = 0
            while n < depth and z.real * z.real + z.imag * z.imag < 4:
                z = z * z + c
                n += 1
            colors.append(16 if n == depth else _GLOW[n % len(_GLOW)])
        rows.append(colors)
    _show(rows)


def life(width=76, height=40, generations=1000):
    """Conway's Game of Life, from a random beginning, on a torus."""
    size = width * height
    cells = {random.getrandbits(24) % size for _ in range(size // 4)}
    sys.stdout.write("\x1b[?25l\x1b[2J")
    try:
        for generation in range(generations):
            rows = [[None] * width for _ in range(height)]
            counts = {}
            for cell in cells:
                x = cell % width
                rows[cell // width][x] = 222
                left = cell - 1 if x else cell + width - 1
                right = cell + 1 if x < width - 1 else cell - width + 1
                for at in (left - width, cell - width, right - width, left, right, left + width, cell + width, right + width):
                    at %= size
                    counts[at] = counts.get(at, 0) + 1
            sys.stdout.write("\x1b[H")
            _show(rows)
            print("generation %d, %d cells " % (generation, len(cells)))
            cells = {at for at, n in counts.items() if n == 3 or (n == 2 and at in cells)}
            time.sleep_ms(40)
    except KeyboardInterrupt:
        pass
    sys.stdout.write("\x1b[?25h")
