# A serial line does not tell how large the terminal is: it is asked where the cursor comes to rest in its farthest corner.
export LESS=-R
case "$(tty)" in
  /dev/ttyS* | /dev/hvc*)
    saved=$(stty -g)
    stty raw -echo min 0 time 5
    printf '\0337\033[999;999H\033[6n\0338' > /dev/tty
    IFS='[;R' read -r -d R _ rows columns < /dev/tty || :
    stty "$saved"
    [ -z "${columns:-}" ] || stty rows "$rows" columns "$columns"
    unset saved rows columns
    ;;
esac
