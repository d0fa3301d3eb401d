"""A plain Xvnc, and questions to its X server: which keys are down, and where the pointer is."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from pathlib import Path

from toolcrib.desktops.launchers.launcher import Address

PASSWORD = "e7Kq0ZrT4mWn2yBc9LsVd3HxUa6JfGp1"
XVNC = shutil.which("Xvnc")


def obfuscated(password: str) -> bytes:
    """A password as VNC keeps it in files."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415

    fixed = bytes(int(f"{byte:08b}"[::-1], 2) for byte in (23, 82, 107, 6, 35, 78, 88, 7))
    encryptor = Cipher(TripleDES(fixed * 3), modes.ECB()).encryptor()
    return encryptor.update(password.encode()[:8].ljust(8, b"\0")) + encryptor.finalize()


class Xvnc:
    """Listens on a unix socket, with a password; with `tcp` on a port of the loopback interface too."""

    def __init__(self, folder: Path, *options: str, size: str = "320x240", tcp: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.password = PASSWORD
        kept = folder / "password"
        kept.write_bytes(obfuscated(PASSWORD))
        self.socket = folder / "vnc.sock"
        reading, writing = os.pipe()
        listening = ["-rfbport", "-1"] if tcp is None else ["-rfbport", str(tcp), "-localhost"]
        self.process = subprocess.Popen(
            [
                *(XVNC or "Xvnc", "-displayfd", str(writing), "-rfbunixpath", str(self.socket), *listening),
                *("-SecurityTypes", "VncAuth", "-PasswordFile", str(kept), "-UseBlacklist", "0"),
                *("-geometry", size, "-depth", "24", "-nolisten", "tcp", "-AlwaysShared", "-ac", *options),
            ],
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("wb"),
        )
        os.close(writing)
        with os.fdopen(reading) as said:
            self.display = int(said.readline() or -1)
        assert self.display >= 0, (folder / "log").read_text()

    @property
    def address(self) -> Address:
        return Address(path=self.socket)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    # X11, as far as it takes

    def keys_down(self) -> int:
        """How many keys the X server has as pressed (QueryKeymap)."""
        answered = self._ask(struct.pack("<BxH", 44, 1))
        return sum(byte.bit_count() for byte in answered[8:40])

    def pointer(self) -> tuple[int, int]:
        """Where the pointer is (QueryPointer)."""
        with self._connected() as (connection, root):
            connection.sendall(struct.pack("<BxHI", 38, 2, root))
            answered = _read(connection, 32)
        x, y = struct.unpack("<hh", answered[16:20])
        return x, y

    def _ask(self, request: bytes) -> bytes:
        with self._connected() as (connection, _root):
            connection.sendall(request)
            head = _read(connection, 32)
            return head + _read(connection, 4 * struct.unpack("<I", head[4:8])[0])

    def _connected(self) -> _X11:
        return _X11(self.display)


class _X11:
    def __init__(self, display: int) -> None:
        self._path = f"/tmp/.X11-unix/X{display}"

    def __enter__(self) -> tuple[socket.socket, int]:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(self._path)
        self._socket.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        head = _read(self._socket, 8)
        assert head[0] == 1, head
        setup = _read(self._socket, 4 * struct.unpack("<H", head[6:8])[0])
        vendor, formats = struct.unpack("<H", setup[16:18])[0], setup[21]
        at = 32 + (vendor + 3) // 4 * 4 + 8 * formats
        return self._socket, struct.unpack("<I", setup[at : at + 4])[0]

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def _read(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        assert more, "the X server hung up"
        found += more
    return found
