"""The server's one secret, the keys derived from it, and what is sealed with it in the database.

A secret is replaced without losing anything: the one before it still verifies what it signed and opens what it sealed
(JWT_SECRET_PREVIOUS), and `resealing` seals everything anew. Where operators give a key of its own for sealing
(ENCRYPTION_KEY), that one seals, and all are tried for opening.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets as random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column

from toolcrib.settings import Settings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

FILE_NAME = "secret.key"
PREVIOUS_NAME = "secret.key.previous"
# What each algorithm asks of its key (RFC 7518, section 3.2).
LEAST_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}


class UnusableSecret(RuntimeError):
    """The server's secret is too short to be one. The text says what to do, and not the secret."""


@dataclass(frozen=True, eq=False)
class Sealed:
    """A place in the database where sealed text is kept: a column, or the member `key` of the JSON objects in it."""

    column: Column[Any]
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.column.table.name}.{self.column.name}" + (f".{self.key}" if self.key else "")


class Secrets:
    """`signing` signs tokens, which `verifying` verify; `derive` gives a key for one purpose; `seal` and `open` encrypt
    at rest.

    `sealing` is the key that seals, in place of one derived from the secret; `opening` is one that sealed before.

    `places` are all in which something is sealed. Only there anything can be, so that none is forgotten when the secret
    is replaced: a kind lists its own (`Kind.sealed`).
    """

    def __init__(
        self, secret: str, *previous: str, places: Iterable[Sealed] = (), sealing: str = "", opening: str = ""
    ) -> None:
        self.signing = secret
        self.verifying = tuple(dict.fromkeys((secret, *filter(None, previous))))
        self.places = tuple(places)
        derived = [base64.urlsafe_b64encode(_derive(one, "encrypt at rest")) for one in self.verifying]
        given = [key.encode() for key in (sealing, opening)]
        keys = [given[0], *derived, given[1]]
        self._keys = [key for key in keys if key]

    @cached_property
    def _fernets(self) -> list[Fernet]:
        # 9 MB, of which a server without traffic opens nothing.
        from cryptography.fernet import Fernet  # noqa: PLC0415

        return [Fernet(key) for key in self._keys]

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only this server knows, different for each purpose."""
        return _derive(self.signing, purpose)

    def seal(self, place: Sealed, plain: str) -> str:
        """Encrypt `plain`, to be kept in `place`."""
        if place not in self.places:
            raise LookupError(
                f"{place} is not among the places in which something is sealed: see Kind.sealed"
            )
        return self._fernets[0].encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` encrypted.

        Raises:
            ValueError: it was encrypted with another secret, or is damaged.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        for fernet in self._fernets:
            try:
                return fernet.decrypt(sealed.encode()).decode()
            except InvalidToken:
                continue
        raise ValueError("sealed with another secret, or damaged")

    def sealed_anew(self, sealed: str) -> str:
        """Return the same, encrypted with the present secret; `sealed` itself if it is that already.

        Raises:
            ValueError: it was encrypted with another secret, or is damaged.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        plain = self.open(sealed)
        newest = self._fernets[0]
        try:
            newest.decrypt(sealed.encode())
        except InvalidToken:
            return newest.encrypt(plain.encode()).decode()
        return sealed


class Signatures:
    """Signs for one purpose (HMAC-SHA256), and checks what was signed with this secret or the one before it."""

    def __init__(self, secrets: Secrets, purpose: str) -> None:
        self._keys = [_derive(one, purpose) for one in secrets.verifying]

    def sign(self, text: bytes) -> str:
        return hmac.new(self._keys[0], text, sha256).hexdigest()

    def is_valid(self, text: bytes, signature: bytes) -> bool:
        made = (hmac.new(key, text, sha256).hexdigest().encode() for key in self._keys)
        return any(hmac.compare_digest(one, signature) for one in made)


class Envelopes:
    """Encrypts for one purpose what a client keeps and brings back, and opens what was encrypted with this secret or
    the one before it."""

    def __init__(self, secrets: Secrets, purpose: str) -> None:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        keys = (base64.urlsafe_b64encode(_derive(one, purpose)) for one in secrets.verifying)
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, plain: bytes) -> str:
        return self._fernet.encrypt(plain).decode()

    def open(self, sealed: str) -> bytes:
        """Decrypt what `seal` encrypted.

        Raises:
            ValueError: it was not encrypted here, or is damaged.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            raise ValueError("not encrypted here, or damaged") from None


def load_secrets(settings: Settings, places: Iterable[Sealed] = ()) -> Secrets:
    """The configured secret, else the one in the data directory, made on first use and readable only by us.

    Raises:
        UnusableSecret: it is shorter than the algorithm of tokens asks.
    """
    least = LEAST_BYTES[settings.jwt_algorithm]
    make = partial(
        Secrets,
        places=places,
        sealing=settings.encryption_key.get_secret_value(),
        opening=settings.encryption_key_previous.get_secret_value(),
    )
    before = settings.secret_previous.get_secret_value()
    configured = settings.secret.get_secret_value()
    if configured:
        _check(configured, "The secret in JWT_SECRET_KEY, JWT_SECRET or SECRET_KEY", least)
        return make(configured, before)
    path = settings.data_dir / FILE_NAME
    make_once(path)
    kept = path.read_text(encoding="ascii").strip()
    _check(kept, f"The secret in {path}", least)
    return make(kept, before, _read(settings.data_dir / PREVIOUS_NAME))


def _check(secret: str, which: str, least: int) -> None:
    if (size := len(secret.encode())) < least:
        raise UnusableSecret(
            f"{which} has {size} bytes, and needs at least {least}: set a longer one in JWT_SECRET_KEY and the "
            "present one in JWT_SECRET_PREVIOUS, so that nothing is lost."
        )


def replace_kept_secret(data_dir: Path) -> None:
    """Make a new secret in the data directory; the present one becomes the previous one there.

    A crash in between leaves the present one, which is then the previous one as well.
    """
    path = data_dir / FILE_NAME
    make_once(path)
    _write(data_dir / PREVIOUS_NAME, path.read_text(encoding="ascii"))
    _write(path, random.token_urlsafe(48))


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _derive(secret: str, purpose: str) -> bytes:
    # HKDF with SHA-256, without salt, for one block (RFC 5869).
    extracted = hmac.digest(bytes(32), secret.encode(), "sha256")
    return hmac.digest(extracted, f"toolcrib {purpose}\x01".encode(), "sha256")


def make_once(path: Path) -> bool:
    """Make a file with a random secret, readable only by us, unless it is there. Returns whether it was made now."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return False
    draft = _draft(path, random.token_urlsafe(48))
    try:
        os.link(draft, path)  # if several processes start at once, one creates the file and all read it
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _write(path: Path, text: str) -> None:
    """Replace the file, at once or not at all."""
    _draft(path, text).replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, text: str) -> Path:
    """Write `text` beside `path`, readable only by us."""
    draft = path.with_name(f".{path.name}.{random.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
