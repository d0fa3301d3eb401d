"""Send a response through WSGI's `start_response`."""

from __future__ import annotations

from typing import Any

from toolcrib.documents.dav.answers import XML, multistatus


def empty(start_response: Any, status: int) -> Any:
    start_response(f"{status} Done", [("Content-Length", "0")])
    return [b""]


def answer(start_response: Any, status: int, body: bytes, headers: list[tuple[str, str]]) -> Any:
    start_response(f"{status} Done", [("Content-Type", XML), ("Content-Length", str(len(body))), *headers])
    return [body]


def several(start_response: Any, refused: list[tuple[str, int, str]]) -> Any:
    return answer(start_response, 207, multistatus(refused), [])
