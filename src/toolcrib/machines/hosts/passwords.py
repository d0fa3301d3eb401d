"""Hash passwords for hosts as they keep them, so that no host and no program's arguments see one in clear."""

from __future__ import annotations


def hash_password(password: str) -> str:
    """Return `$6$…` (SHA-512-crypt, 5,000 rounds, as glibc and musl read it). About 10 ms of processor time."""
    from passlib.hash import sha512_crypt  # noqa: PLC0415 - most servers manage no machines

    return str(sha512_crypt.using(rounds=5000).hash(password))
