run() {
    # In this shell, not as an argument of another.
    (eval "$command")
    status=$?
    [ "$status" = 0 ] || fail failed "the command ended with status $status"
    done_
}
