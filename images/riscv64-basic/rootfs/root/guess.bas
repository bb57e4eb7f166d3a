10 REM what every BASIC book began with
20 N = INT(RND(1) * 100) + 1
30 T = 0
40 PRINT "I think of a number from 1 to 100."
50 INPUT "Your guess"; G
60 T = T + 1
70 IF G < N THEN PRINT "More."
80 IF G > N THEN PRINT "Less."
90 IF G <> N THEN GOTO 50
100 PRINT "Yes! You took"; T; "guesses."
