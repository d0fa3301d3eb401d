"""How somebody signs in on machines: a password, of which only a hash is kept, and public keys."""

from __future__ import annotations

import asyncio
import re
import secrets as random
from collections.abc import Sequence
from typing import Any

from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.secrets import Secrets
from toolcrib.machines.hosts.passwords import hash_password
from toolcrib.machines.models import ACCESS_PASSWORD

PASSWORD_LENGTH = 128
MOST_KEYS = 20
KEY_LENGTH = 8_000
_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com"
    r"|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{40,}={0,3}( [^\x00-\x1f\x7f]{0,200})?"
)


def check_password(password: str) -> str:
    """Return `password` if it may be one on a machine (machine-pool contract, section 6).

    Raises:
        InvalidRequest: (400).
    """
    if not 1 <= len(password) <= PASSWORD_LENGTH or not password.isprintable():
        raise InvalidRequest(
            f"The password for the machines has 1 to {PASSWORD_LENGTH} printable characters, without line breaks."
        )
    return password


def check_keys(keys: Sequence[str]) -> list[str]:
    """Return public keys as one line each.

    Raises:
        InvalidRequest: one is no OpenSSH public key, or they are too many (400).
    """
    if len(keys) > MOST_KEYS:
        raise InvalidRequest(f"There may be {MOST_KEYS} public keys.")
    found = [key.strip() for key in keys]
    for key in found:
        if len(key) > KEY_LENGTH or not _KEY.fullmatch(key):
            raise InvalidRequest("A public key is one line as in id_ed25519.pub: ssh-ed25519 AAAA… name.")
    return list(dict.fromkeys(found))


def new_password() -> str:
    return random.token_urlsafe(15)


async def access_of(
    secrets: Secrets, uuid: str, password: str | None, keys: Sequence[str], *, certificate: bool = False
) -> dict[str, Any]:
    """Return what is kept of a password, of keys of the person with this UUID, and of whether certificates of the pool
    are accepted. Hashing takes a while, so it is done in a thread, and before any transaction."""
    found: dict[str, Any] = {"keys": {uuid: check_keys(keys)} if keys else {}}
    if certificate:
        found["certificate"] = True
    if password is not None:
        hashed = await asyncio.to_thread(hash_password, check_password(password))
        found["password"] = secrets.seal(ACCESS_PASSWORD, hashed)
    return found
