#!/bin/sh
# Usage: enter.sh CGROUP FOLDER SEEN_AT VOLUME COMMAND [ARGUMENT...]
#
# Becomes COMMAND once the server has written on disk that this process exists: it then writes a line to the pipe that
# is this process's standard output. If the server ends before, this does too.
#
# Where the server is root, this runs with its own view of mounted folders, and shows FOLDER (with VOLUME in it) at
# SEEN_AT, since the user that COMMAND becomes may not look into the server's data directory. Else SEEN_AT is empty.
set -eu
cgroup=$1 folder=$2 seen_at=$3 volume=$4
shift 4
read -r go <&1
[ "$go" = go ]
exec >&2
if [ -n "$cgroup" ]; then
    echo $$ >"$cgroup/cgroup.procs"
fi
if [ -n "$seen_at" ]; then
    if [ -n "$volume" ]; then
        mount --bind "$volume" "$folder/storage"
    fi
    mount --rbind "$folder" "$seen_at"
fi
# With too little memory on the whole computer, desktops go before the server does.
echo 500 >/proc/self/oom_score_adj
cd /
exec "$@"
