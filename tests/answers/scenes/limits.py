"""Bodies that are too large, of another type or no JSON, in each wording of refusals."""

from __future__ import annotations

from collections.abc import Iterator

from tests.answers.play import ANONYMOUS, Play

ROUTES = (
    "/api/locks",
    "/api/login",
    "/api/projects",
    "/api/users",
    "/api/storage/lock",
    "/info/lfs/locks",
    "/info/lfs/objects/batch",
)
LARGE = 70_000
# The server hangs up on what it has not read to its end: each request has a connection of its own.
ALONE = {"Connection": "close"}
JSON = {**ALONE, "Content-Type": "application/json"}


def play(p: Play) -> None:
    for path in ROUTES:
        for note, body in {
            "nonsense": b"nonsense",
            "list": b"[]",
            "null": b"null",
            "no UTF-8": b"\xff\xfe",
            "deep": b"[" * 5_000,
            "surrogate": b'{"asset_path": "\\ud800", "path": "\\ud800", "name": "\\ud800"}',
            "large": b'{"comment": "' + b"x" * LARGE + b'"}',
        }.items():
            p.ask("hank", "POST", path, note, content=body, headers=JSON)
        p.ask(
            "hank", "POST", path, "plain text", content=b"{}", headers={**ALONE, "Content-Type": "text/plain"}
        )
        p.ask("hank", "POST", path, "form", data={"asset_path": "x"}, headers=ALONE)
        p.ask(ANONYMOUS, "POST", path, "large", content=b" " * LARGE, headers=ALONE)
        p.ask("hank", "POST", path, "large, in pieces", content=_pieces(), headers=ALONE)


def _pieces() -> Iterator[bytes]:
    for _ in range(LARGE // 10_000):
        yield b" " * 10_000
