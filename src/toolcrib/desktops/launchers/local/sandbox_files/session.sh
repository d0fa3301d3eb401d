#!/bin/sh
# Usage: session.sh RESOLUTION SECURITY NAME COMMAND
#
# The first process in the sandbox of a desktop: runs the window server, then COMMAND, and ends with it. All other
# processes in there end with this one. Its standard input is the socket at which viewers connect.
resolution=$1 security=$2 name=$3 command=$4

# What others shall share is writable for all who see it; homes are folders that nobody else can enter.
umask 022
[ ! -d /storage ] || umask 002
exec 3<&0 </dev/null

# The window server writes the number of its display to this pipe when it takes clients, and closes it if it fails.
mkfifo -m 600 "$XDG_RUNTIME_DIR/display"
Xvnc :1 -inetd -displayfd 4 -noreset -nolisten tcp -geometry "$resolution" -depth 24 -dpi 96 -s 0 -AlwaysShared \
    -UseBlacklist 0 -SecurityTypes "$security" -PasswordFile /run/toolcrib/vnc-password -desktop "$name" \
    -Log '*:stderr:0' <&3 3<&- 4>"$XDG_RUNTIME_DIR/display" &
server=$!
exec 3<&-
if ! read -r display <"$XDG_RUNTIME_DIR/display"; then
    echo 'toolcrib: the window server did not start' >&2
    exit 1
fi

# Each line that comes here is a message to the person; \037 stands for the end of a line in it.
while IFS= read -r text; do
    lines=$(printf '%s' "$text" | tr -cd '\037' | wc -c)
    xterm -T Toolcrib -fa Monospace -fs 12 -b 16 +sb -bg '#fff8dc' -fg '#222222' -geometry "62x$((lines + 3))" -e sh -c '
        printf "\033[?25l%s\n\nEnter closes this message." "$1" | tr "\037" "\n"
        read -r enter' sh "$text" &
done <>/run/toolcrib/messages >/dev/null 2>&1 &

# Its output goes to the person's own files, not to the server's.
sh -c "$command" >"$HOME/.xsession-errors" 2>&1 &
session=$!
wait "$session"
code=$?
# A window server that is ending lets its clients go before it can be waited for; it has no program by then.
if [ -e "/proc/$server/exe" ]; then
    echo "toolcrib: the session ended ($code)" >&2
else
    echo 'toolcrib: the window server ended' >&2
fi
exit 0
