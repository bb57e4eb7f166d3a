# A serial line does not tell how large the terminal is: it is asked where the cursor comes to rest in its farthest corner.
export LESS=-R
case "$(tty)" in
  /dev/ttyS* | /dev/hvc*)
    printf '\0337\033[999;999H\033[6n\0338' > /dev/tty
    # bash reads keys as they come, without echo, and waits no longer where nobody answers.
    IFS='[;' read -r -s -t 1 -d R _ rows columns < /dev/tty || columns=
    [ -z "$columns" ] || stty rows "$rows" columns "$columns"
    unset rows columns
    ;;
esac
