is_theirs() { # PID: a living process of the login, or of the uids it may use in containers
    while read -r key a b c d rest; do
        case $key in
        State:) [ "$a" != Z ] || return 1 ;;
        Uid:)
            for id in "$a" "$b" "$c" "$d"; do
                [ "$id" != "$uid" ] || return 0
                for range in $ranges; do
                    [ "$id" -lt "${range%-*}" ] || [ "$id" -gt "${range#*-}" ] || return 0
                done
            done
            return 1
            ;;
        esac
    done 2>/dev/null <"/proc/$1/status"
    return 1
}

find_processes() {
    found=
    for process in /proc/[0-9]*; do
        process=${process#/proc/}
        if is_theirs "$process"; then found="$found $process"; fi
    done
}

# Stop all first, and again until none is new: so nothing can start faster than it is ended.
end_processes() {
    seen=" "
    rounds=0
    while [ "$rounds" -lt 100 ]; do
        find_processes
        new=no
        for process in $found; do
            case $seen in *" $process "*) continue ;; esac
            new=yes
            seen="$seen$process "
            kill -STOP "$process" 2>/dev/null
        done
        [ "$new" = yes ] || break
        rounds=$((rounds + 1))
    done
    rounds=0
    while [ "$rounds" -lt 100 ]; do
        find_processes
        [ -n "$found" ] || return 0
        for process in $found; do kill -KILL "$process" 2>/dev/null; done
        pause
        rounds=$((rounds + 1))
    done
    return 1
}

lock_login() {
    [ ! -d "$home" ] || [ -L "$home" ] || chown 0:0 "$home" || return 1 # its keys are not read any more
    [ -n "$entry" ] || return 0
    if has usermod; then usermod -L -e 1 "$login"; else passwd -l "$login" >/dev/null; fi
}

remove_jobs() {
    rm -f "/var/lib/systemd/linger/$login" "/var/spool/cron/crontabs/$login" "/var/spool/cron/$login" || return 1
    for folder in /var/spool/cron/atjobs /var/spool/cron/atspool /var/spool/at /var/spool/at/spool; do
        [ ! -d "$folder" ] || find "$folder" -xdev -type f -user "$uid" -exec rm -f -- '{}' ';' || return 1
    done
}

unmount_under() { # FOLDER: what the login mounted (FUSE)
    while read -r _ place _; do
        case $place in "$1"/*) umount -l "$(printf '%b' "$place")" 2>/dev/null ;; esac
    done </proc/mounts
    return 0
}

remove_files() {
    for folder in /tmp /var/tmp /dev/shm; do
        [ -d "$folder" ] || continue
        unmount_under "$folder"
        find "$folder" -xdev -depth -mindepth 1 -user "$uid" -exec rm -rf -- '{}' ';' || return 1
        [ -z "$(find "$folder" -xdev -user "$uid" 2>/dev/null)" ] || return 1
    done
    [ ! -d "/run/user/$uid" ] || { umount -l "/run/user/$uid" 2>/dev/null; rm -rf "/run/user/$uid"; }
}

archive_home() {
    mkdir -p "$state/homes" || return 1
    tar -czf "$state/homes/.$login.new" -C /home "$login" &&
        mv -f "$state/homes/.$login.new" "$state/homes/$login-$mark.tar.gz" && return
    rm -f "$state/homes/.$login.new"
    return 1
}

remove_home() {
    if [ -L "$home" ]; then rm -f "$home"; return; fi
    [ -d "$home" ] || { rm -f "$home"; return; }
    unmount_under "$home"
    if [ "$home_policy" = archive ]; then archive_home || return 1; fi
    rm -rf "$home"
}

remove_login() {
    if [ -n "$entry" ]; then
        # The backup of /etc/shadow keeps what was there before the last change.
        printf '%s:!*\n' "$login" | chpasswd -e || return 1
        if has userdel; then userdel "$login"; else deluser "$login"; fi || return 1
    fi
    if line_of /etc/group "$login" >/dev/null; then
        if has groupdel; then groupdel "$login"; else delgroup "$login"; fi || return 1
    fi
    rm -f "/var/mail/$login" "/var/spool/mail/$login"
}

find_ranges() {
    ranges=
    [ -f /etc/subuid ] || return 0
    while IFS=: read -r owner first count; do
        case $owner in "$login" | "$uid") [ "$first" -lt 1000 ] || ranges="$ranges $first-$((first + count - 1))" ;; esac
    done </etc/subuid
}

alone_with_uid() {
    while IFS=: read -r name _ id _; do
        [ "$id" != "$uid" ] || [ "$name" = "$login" ] || return 1
    done </etc/passwd
}

remove() {
    home=/home/$login
    take_turn
    read_mark
    entry=$(passwd_entry "$login") || entry=
    if [ -n "$entry" ]; then
        [ "$known_mark" = "$mark" ] || fail login_exists "the login $login is not of this reservation"
        uid=$(field 3 "$entry")
        [ "$uid" -ge 1000 ] || fail failed "the login has uid $uid; uids under 1000 are not the pool's"
        is_ours "$entry" || fail login_exists "the login $login is not of this reservation"
    else
        [ "$known_mark" = "$mark" ] || done_
        uid=$known_uid
    fi
    if [ -n "$uid" ]; then
        alone_with_uid || fail failed "another login has the uid $uid, too"
        find_ranges
        # On a full disk the login can be locked only after its files are gone.
        lock_login || say retry locking
        step "ending the login's processes" end_processes
        step "removing its cron and at jobs" remove_jobs
        step "removing its files in temporary folders" remove_files
        step "handling its home" remove_home
        step "locking the login" lock_login
        step "ending the login's processes" end_processes
    else
        step "handling its home" remove_home
    fi
    step "removing the login" remove_login
    if [ -n "$uid" ]; then
        step "ending the login's processes" end_processes
        step "removing its cron and at jobs" remove_jobs
        step "removing its files in temporary folders" remove_files
    fi
    ! passwd_entry "$login" >/dev/null || fail failed "the login is there after it was removed"
    [ ! -e "$home" ] && [ ! -L "$home" ] || fail failed "the home is there after it was removed"
    step "removing the mark" rm -f "$accounts/$login"
    done_
}
