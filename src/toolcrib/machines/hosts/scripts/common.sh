# Shared by all scripts for hosts. POSIX sh with shadow-utils or BusyBox; nothing else is needed on the host.
# Before it stand the values of the call, as quoted assignments. All comes on standard input: nothing of it is in
# the arguments of a program or in a file. No here-documents: some shells write those to files.
umask 077
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
export LC_ALL PATH
unset ENV BASH_ENV CDPATH

state=/var/lib/toolcrib
accounts=$state/accounts

# Lines of the answer begin with a word that only this run knows; all else is output, which may lack its last line end.
say() { printf '\n%s %s\n' "$nonce" "$*"; }
done_() { say done; exit 0; }
fail() { say problem "$@"; exit 0; }

# Not all tools say why they fail, so look.
disk_is_full() {
    df -Pk /etc /home /var/lib 2>/dev/null | while read -r _ _ _ free _; do
        [ "$free" != 0 ] || echo full
    done
}

# step TEXT COMMAND…: a command that has to succeed.
step() {
    step_text=$1
    shift
    "$@" && return
    [ -z "$(disk_is_full)" ] || fail full "the disk is full: $step_text failed"
    fail failed "$step_text failed"
}

has() { command -v "$1" >/dev/null 2>&1; }

pause() { sleep 0.05 2>/dev/null || sleep 1; }

# One run at a time on a host: an earlier one may still be at work after its connection broke.
take_turn() {
    mkdir -p "$accounts" || fail failed "making $accounts failed"
    chmod 700 "$state" "$accounts"
    has flock || return 0
    exec 9>"$state/lock" || fail failed "opening $state/lock failed"
    waited=0
    until flock -n 9; do
        [ "$waited" -lt "$patience" ] || fail timed_out "an earlier run on this host has not ended"
        sleep 1
        waited=$((waited + 1))
    done
}

line_of() { # line_of FILE NAME: the line of a file like /etc/passwd
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in "$2":*) printf '%s\n' "$line"; return 0 ;; esac
    done <"$1"
    return 1
}

field() { # field NUMBER LINE
    field_number=$1
    field_rest=$2:
    while [ "$field_number" -gt 1 ]; do
        field_rest=${field_rest#*:}
        field_number=$((field_number - 1))
    done
    printf '%s\n' "${field_rest%%:*}"
}

passwd_entry() { # also of logins that a directory service knows
    if has getent; then getent passwd "$1" && return 0; fi
    line_of /etc/passwd "$1"
}

# The first line of an account's file is its mark, the second its uid once it has one.
read_mark() {
    known_mark=
    known_uid=
    [ -f "$accounts/$login" ] || return 0
    { IFS= read -r known_mark; IFS= read -r known_uid; } <"$accounts/$login"
    return 0
}

write_mark() {
    printf '%s\n%s\n' "$mark" "$1" >"$accounts/.$login.new" && mv -f "$accounts/.$login.new" "$accounts/$login"
}

# The account with this entry is that of this mark. Between its making and the second line of its file, its comment
# field says so.
is_ours() {
    [ "$known_mark" = "$mark" ] || return 1
    if [ -n "$known_uid" ]; then
        [ "$known_uid" = "$(field 3 "$1")" ]
    else
        [ "$(field 5 "$1")" = "toolcrib $mark" ]
    fi
}
