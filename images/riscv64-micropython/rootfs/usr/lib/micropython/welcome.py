# What the prompt starts with: `micropython -i` keeps its names.
from pictures import *

print("""
  \x1b[1mMicroPython\x1b[0m: Python 3, as microcontrollers run it. Try

    \x1b[33m2 ** 1000\x1b[0m                            numbers as long as they need to be
    \x1b[33m[n for n in range(99) if n * n % 9 == 7]\x1b[0m
    \x1b[33mmandelbrot()\x1b[0m                         or mandelbrot(-0.745, 0.11, 0.02), closer
    \x1b[33mlife()\x1b[0m                               Conway's, on the terminal; Ctrl-C ends it
    \x1b[33mimport framebuf, deflate, hashlib\x1b[0m    it has batteries; help('modules') lists them

  The Tab key completes names, Ctrl-D switches the machine off.
""")
