10 REM a tree, with lights that are never the same
20 E$ = CHR$(27) + "["
30 PRINT TAB(30); E$; "93m*"
40 FOR R = 1 TO 14
50 PRINT TAB(30 - R);
60 FOR C = 1 TO 2 * R + 1
70 L = INT(RND(1) * 24)
80 IF L > 3 THEN PRINT E$; "32m"; "^";
90 IF L = 0 THEN PRINT E$; "91m"; "o";
100 IF L = 1 THEN PRINT E$; "93m"; "o";
110 IF L = 2 THEN PRINT E$; "96m"; "o";
120 IF L = 3 THEN PRINT E$; "95m"; "o";
130 NEXT C
140 PRINT
150 NEXT R
160 PRINT TAB(29); E$; "33m###"
170 PRINT TAB(29); "###"; E$; "38;5;153m"
