"""guacd: a real one, unpacked by scripts/install-guacd, and a small one of this repository that says what it gets."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from pathlib import Path

import pytest

from toolcrib.desktops.viewing.guacamole.instructions import Instructions, written

PREFIX = Path(__file__).parents[3] / ".tools" / "guacd"
ARGS = (
    *("VERSION_1_3_0", "hostname", "port", "read-only", "encodings", "password", "swap-red-blue"),
    *("disable-copy", "disable-paste"),
)


class RealGuacd:
    def __init__(self) -> None:
        program = PREFIX / "usr" / "sbin" / "guacd"
        if not program.exists():
            pytest.skip(
                "there is no guacd in .tools: scripts/install-guacd unpacks Debian 11's, where it can be had"
            )
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        machine = next((PREFIX / "usr" / "lib").glob("*-linux-gnu*")).name
        folders = [str(PREFIX / "usr" / "lib" / machine), str(PREFIX / "lib" / machine)]
        self.process = subprocess.Popen(
            [program, "-f", "-b", "127.0.0.1", "-l", str(self.port), "-L", "error"],
            env={**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders), "HOME": "/tmp"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


class SmallGuacd:
    """`parameters` are what it was last told to connect with, `received` the instructions after that."""

    def __init__(self) -> None:
        self.parameters: dict[str, str] = {}
        self.received: list[list[str]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.first = written("args", *ARGS)
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for each in self.writers:
            each.transport.abort()

    def send(self, *instructions: str) -> None:
        for each in self.writers:
            each.write("".join(instructions).encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser, is_connected = Instructions(), False
        try:
            while data := await reader.read(65_536):
                for elements, _text in parser.feed_bytes(data):
                    if elements[0] == "select":
                        writer.write(self.first.encode())
                    elif elements[0] == "connect":
                        self.parameters = dict(zip(ARGS, elements[1:], strict=True))
                        writer.write(written("ready", "$1").encode())
                        self.writers.append(writer)
                        is_connected = True
                    elif is_connected:
                        self.received.append(elements)
        except OSError:
            pass
        finally:
            writer.transport.abort()
