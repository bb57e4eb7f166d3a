10 REM one of two strokes, again and again: it is a maze all the same
20 FOR Y = 1 TO 9
30 FOR X = 1 TO 76
40 C$ = "╱"
50 IF RND(1) < 0.5 THEN C$ = "╲"
60 PRINT C$;
70 NEXT X
80 PRINT
90 NEXT Y
