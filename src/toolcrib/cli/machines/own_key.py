"""SSH key pairs that the command line makes."""

import os
from contextlib import suppress
from pathlib import Path

from toolcrib.cli.core.accounts import credentials_file


def own_key_file() -> Path:
    """Return where the key is that `reserve` gives to machines and `ssh` signs in with."""
    return credentials_file().with_name("ssh_key")


def own_public_key() -> str:
    """Return the public half of the caller's own key, which is made when there is none."""
    file = own_key_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return make_key(file) if not file.exists() else _public_key(file)


def make_key(file: Path) -> str:
    """Write a new private key to `file`, for its owner alone to read, and return the public key.

    Two that do this at once get the same key: whoever is second reads what the first wrote.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(private)
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
    return _public_key(file)


def _public_key(file: Path) -> str:
    """Return the public key of a private one, and write it beside it, where ssh looks for it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

    public = load_ssh_private_key(file.read_bytes(), None).public_key()
    text = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    file.with_name(f"{file.name}.pub").write_bytes(text + b"\n")
    return text.decode()
