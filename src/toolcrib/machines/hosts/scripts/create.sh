make_login() {
    # A run that was cut off may have left the login's group.
    if line_of /etc/group "$login" >/dev/null; then
        [ "$known_mark" = "$mark" ] || fail login_exists "a group $login is there already"
        if has groupdel; then groupdel "$login"; else delgroup "$login"; fi ||
            fail failed "removing the left group $login failed"
    fi
    if [ "$known_mark" != "$mark" ] && { [ -e "$home" ] || [ -L "$home" ]; }; then
        fail login_exists "there is something at $home already"
    fi
    step "writing the mark" write_mark ""
    if has useradd; then
        step useradd useradd -m -U -d "$home" -s /bin/sh -c "toolcrib $mark" "$login"
    else
        step adduser adduser -D -h "$home" -s /bin/sh -g "toolcrib $mark" "$login"
    fi
}

set_password() { printf '%s:%s\n' "$login" "$hash" | chpasswd -e; }

join_group() {
    for group in wheel sudo; do
        members=$(line_of /etc/group "$group") || continue
        members=,$(field 4 "$members"),
        case $members in *",$login,"*) return 0 ;; esac
        if has usermod; then usermod -a -G "$group" "$login"; else addgroup "$login" "$group"; fi
        return
    done
}

# As the login itself: what it may have put in the place of its own files then leads nowhere else.
write_keys() {
    printf '%s\n' "$keys" | su -s /bin/sh "$login" -c 'umask 077 && cd && mkdir -p .ssh && chmod 700 .ssh &&
        cat >.ssh/authorized_keys.new && mv -f .ssh/authorized_keys.new .ssh/authorized_keys'
}

create() {
    home=/home/$login
    take_turn
    read_mark
    if entry=$(passwd_entry "$login"); then
        is_ours "$entry" || fail login_exists "a login $login is there already"
    else
        [ -z "$known_mark" ] || [ "$known_mark" = "$mark" ] ||
            fail login_exists "an earlier account $login is not removed yet"
        make_login
        entry=$(passwd_entry "$login") || fail failed "the login is not there after it was made"
    fi
    uid=$(field 3 "$entry")
    [ "$uid" -ge 1000 ] || fail failed "the login has uid $uid; uids under 1000 are not the pool's"
    [ "$(field 6 "$entry")" = "$home" ] || fail failed "the login's home is not $home"
    step "writing the mark" write_mark "$uid"
    [ ! -L "$home" ] || fail failed "$home is a link"
    [ -d "$home" ] || step "making the home" mkdir "$home"
    step "giving the home" chown "$uid:$(field 4 "$entry")" "$home"
    step "closing the home" chmod 700 "$home"
    if has usermod; then step "ending the expiry" usermod -e "" "$login"; fi
    step "joining the group" join_group
    step "writing the keys" write_keys
    # Last: until here nobody can sign in with a password.
    step "setting the password" set_password
    shadow=$(line_of /etc/shadow "$login") && [ "$(field 2 "$shadow")" = "$hash" ] ||
        fail failed "the password is not the one that was set"
    done_
}
