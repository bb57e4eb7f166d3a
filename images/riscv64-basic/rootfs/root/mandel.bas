10 REM the Mandelbrot set: each point is squared and added until it escapes
20 FOR Y = -10 TO 10
30 FOR X = -36 TO 34
40 P = X / 23 - 0.6
50 Q = Y / 9
60 A = P
70 B = Q
80 I = 0
90 T = A * A - B * B + P
100 B = 2 * A * B + Q
110 A = T
120 I = I + 1
130 IF A * A + B * B < 4 AND I < 14 THEN GOTO 90
140 PRINT MID$(".,:;-=+*oxX#%@ ", I, 1);
150 NEXT X
160 PRINT
170 NEXT Y
