"""The server's one secret, and the keys derived from it."""

from __future__ import annotations

import base64
import os
import secrets as random
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from toolcrib.settings import Settings

FILE_NAME = "secret.key"


class Secrets:
    """`signing` signs tokens; `derive` gives a key for one purpose; `seal` and `open` encrypt at rest."""

    def __init__(self, secret: str) -> None:
        self.signing = secret
        self._fernet = Fernet(base64.urlsafe_b64encode(self.derive("encrypt at rest")))

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only this server knows, different for each purpose."""
        return HKDF(SHA256(), 32, salt=None, info=f"toolcrib {purpose}".encode()).derive(
            self.signing.encode()
        )

    def seal(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` encrypted.

        Raises:
            ValueError: it was encrypted with another secret, or is damaged.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("sealed with another secret, or damaged") from None


def load_secrets(settings: Settings) -> Secrets:
    """The configured secret, else the one in the data directory, made on first use and readable only by us."""
    configured = settings.secret.get_secret_value()
    if configured:
        return Secrets(configured)
    path = settings.data_dir / FILE_NAME
    _make_once(path)
    return Secrets(path.read_text(encoding="ascii").strip())


def _make_once(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(random.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # if several processes start at once, one creates the file and all read it
    except FileExistsError:
        pass
    finally:
        draft.unlink()
