"""Which values may reach a host. Everything is quoted as well; this refuses what could not be meant."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from toolcrib.machines.hosts.driver import Account, Host, Problem

if TYPE_CHECKING:
    import asyncssh

# useradd's own rule on Debian; also what a shell, an INI file and a YAML file read as one plain word.
_LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_MARK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_MANAGER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@\\-]{0,63}")
_DNS = re.compile(
    r"(?=.{1,253}\Z)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?"
)
# The system reads a name that ends so as an IPv4 address, also where it is none, or short for another: 127.1.
_ENDS_AS_NUMBER = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)\.?")
_PUBLIC_KEY = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}( [ -~]*)?")
_PASSWORD_HASH = re.compile(r"\$6\$(rounds=[0-9]{4,9}\$)?[A-Za-z0-9./]{1,16}\$[A-Za-z0-9./]{86}")

MAX_PUBLIC_KEYS = 64
PUBLIC_KEY_LENGTH = 16 * 1024

# The accounts and groups of Debian, Fedora, Alpine and their usual services, of which some have uids over 999.
_SYSTEM_LOGINS = """
root toor daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup
operator ftp adm shutdown halt wheel sudo staff users tty disk kmem dialout fax voice cdrom floppy tape audio
video plugdev shadow utmp src sasl crontab input kvm render netdev sgx ssh sshd _ssh _apt dbus messagebus
polkitd systemd systemd-network systemd-resolve systemd-timesync systemd-coredump systemd-journal systemd-oom
avahi ntp chrony _chrony rpc rpcuser statd nfsnobody tss cron atd at postfix smmsp postgres mysql redis
mongodb nginx apache httpd docker podman lxd libvirt libvirt-qemu qemu ansible puppet chef salt nagios zabbix
prometheus grafana gitlab-runner admin administrator guest vboxadd nx ceph guix nixbld toolcrib
"""
RESERVED_LOGINS = frozenset(_SYSTEM_LOGINS.split())


# What asyncssh says of a text that is no key, and the cryptography library of numbers that no key has.
_NO_KEY = (ValueError, OverflowError)


class InvalidValue(ValueError):
    """A value that no host is given. Its text says which and why, without repeating secrets."""

    problem = Problem.INVALID


class NoSignIn(InvalidValue):
    """The pool has nothing to sign in by."""

    problem = Problem.REFUSED


def check_login(login: str) -> None:
    """Raise InvalidValue unless an account of the pool may have this login."""
    if not _LOGIN.fullmatch(login):
        raise InvalidValue("A login has 1 to 32 characters: a-z, 0-9, _ and -, first a letter or _.")
    if login in RESERVED_LOGINS or login.startswith("systemd-"):
        raise InvalidValue(f"{login} is the name of a system account.")


def check_mark(mark: str) -> None:
    if not _MARK.fullmatch(mark):
        raise InvalidValue("A mark has 1 to 64 characters: letters, digits, '.', '_' and '-'.")


def check_principal(principal: str) -> None:
    if not _PRINCIPAL.fullmatch(principal):
        raise InvalidValue("A principal has 1 to 128 characters: letters, digits, '.', '_' and '-'.")


def check_address(address: str) -> None:
    """Raise InvalidValue unless this is a DNS name or an IP address."""
    if _DNS.fullmatch(address) and not _ENDS_AS_NUMBER.fullmatch(address):
        return
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise InvalidValue("The host is neither a DNS name nor an IP address.") from None
    if "%" in address and not re.fullmatch(r"[0-9A-Fa-f:.]+%[A-Za-z0-9_.-]{1,15}", address):
        raise InvalidValue("The host's network interface is not a plain name.")


def plain_address(address: str) -> str:
    """Return the one spelling in which all spellings of an address are equal: a DNS name in small letters without its
    last dot, an IP address in its shortest form, and the IPv4 address of an IPv6 address that stands for one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address.lower().removesuffix(".")
    return str(getattr(found, "ipv4_mapped", None) or found)


def check_public_key(key: str) -> None:
    if len(key) > PUBLIC_KEY_LENGTH or not _PUBLIC_KEY.fullmatch(key):
        raise InvalidValue("A public key is one line, as in a .pub file.")


def check_password(password: str) -> None:
    """Raise InvalidValue unless a manager may have this password: sudo reads one line."""
    if not password or re.search(r"[\x00\r\n]", password):
        raise InvalidValue("The manager's password is empty or has a line break.")


def read_private_key(key: str) -> asyncssh.SSHKey:
    """Return the key that this text is. Raises InvalidValue unless it is one that needs no passphrase."""
    import asyncssh  # noqa: PLC0415 - takes a while, and few servers are given keys

    try:
        return asyncssh.import_private_key(key)
    except _NO_KEY:
        raise InvalidValue("The private key cannot be read, or has a passphrase.") from None


def read_public_key(key: str) -> asyncssh.SSHKey:
    """Return the key that this line is. Raises InvalidValue unless it is one."""
    import asyncssh  # noqa: PLC0415 - takes a while, and few servers are given keys

    check_public_key(key)
    try:
        return asyncssh.import_public_key(key)
    except _NO_KEY:
        raise InvalidValue("This is not an OpenSSH public key.") from None


def check_host(host: Host) -> None:
    """Raise InvalidValue if any value of the host, or of the hosts before it, cannot be one."""
    if host.unusable is not None:
        raise NoSignIn(host.unusable)
    if not _NAME.fullmatch(host.name):
        raise InvalidValue("The machine's name is not allowed.")
    check_address(host.address)
    if not 1 <= host.port <= 65535:
        raise InvalidValue("The port is not between 1 and 65535.")
    if not _MANAGER.fullmatch(host.user):
        raise InvalidValue("The manager's login is not allowed.")
    if host.password is not None:
        check_password(host.password)
    if host.host_key is not None:
        check_public_key(host.host_key)
    if host.ca_key is not None:
        check_public_key(host.ca_key)
    if host.jump is not None:
        if host.jump.jump is not None:
            raise InvalidValue("A jump host has no jump host of its own.")
        check_host(host.jump)


def check_account(host: Host, account: Account) -> None:
    check_login(account.login)
    check_mark(account.mark)
    if account.login == host.user:
        raise InvalidValue(f"{account.login} is the login that manages the machine.")
    if account.password_hash is not None and not _PASSWORD_HASH.fullmatch(account.password_hash):
        raise InvalidValue("The password's hash is not SHA-512-crypt.")
    if len(account.public_keys) > MAX_PUBLIC_KEYS:
        raise InvalidValue(f"More than {MAX_PUBLIC_KEYS} public keys.")
    for key in account.public_keys:
        check_public_key(key)
    if len(account.principals) > MAX_PUBLIC_KEYS:
        raise InvalidValue(f"More than {MAX_PUBLIC_KEYS} principals.")
    for principal in account.principals:
        check_principal(principal)
