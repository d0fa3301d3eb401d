"""The file from which a VNC server reads its password."""

from __future__ import annotations

# Not secret: all VNC servers know this key, so that the file does not show the password to a passer-by. DES reads each
# byte of a key from its other end than VNC writes it.
_KEY = bytes(int(f"{byte:08b}"[::-1], 2) for byte in (23, 82, 107, 6, 35, 78, 88, 7))


def password_file(password: str) -> bytes:
    """VNC reads the first 8 characters."""
    # 10 MB, which a server without desktops does not need.
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415

    plain = password.encode("latin-1", "replace")[:8].ljust(8, b"\0")
    encryptor = Cipher(TripleDES(_KEY * 3), modes.ECB()).encryptor()  # noqa: S305 - the protocol's own
    return encryptor.update(plain) + encryptor.finalize()
