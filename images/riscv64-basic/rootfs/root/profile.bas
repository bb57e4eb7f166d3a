WIDTH 250
RANDOMIZE TIMER
CLS$ = CHR$(27) + "[2J" + CHR$(27) + "[H"
PRINT CLS$
PRINT "         **** SNOWGLOBE 64 BASIC ****"
PRINT
PRINT "  256M RAM SYSTEM, 64 BITS, NO CASSETTE NEEDED"
PRINT
PRINT "  LIST shows the program that drew this, RUN draws another."
PRINT "  LOAD "; CHR$(34); "tree.bas"; CHR$(34); " and RUN; FILES names the rest. SYSTEM switches off."
PRINT
BWB.PROMPT$ = "READY." + CHR$(10)
