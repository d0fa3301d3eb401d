# As the manager itself, who need not be root.
enroll() {
    cd || fail failed "the manager has no home"
    mkdir -p .ssh && chmod 700 .ssh || fail failed "making .ssh failed"
    touch .ssh/authorized_keys && chmod 600 .ssh/authorized_keys || fail failed "making authorized_keys failed"
    grep -qxF -- "$public_key" .ssh/authorized_keys && done_
    # The empty line first: the last one may lack its end.
    printf '\n%s\n' "$public_key" >>.ssh/authorized_keys || fail failed "writing authorized_keys failed"
    done_
}
