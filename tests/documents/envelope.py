"""The answers of the document contract, section 2."""

from __future__ import annotations

from typing import Any

import httpx


def refused(answer: httpx.Response, status: int, word: str) -> dict[str, Any]:
    """Checks the error envelope of the contract, section 2; returns its details."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["status"] == "error"
    assert body["message"] == word
    assert body["error"] == word.upper()
    assert body["timestamp"]
    details: dict[str, Any] = body["details"]
    return details


def succeeded(answer: httpx.Response, status: int = 200) -> Any:
    """Checks the success envelope; returns its data."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is True
    assert body["status"] == "success"
    assert isinstance(body["message"], str)
    assert body["timestamp"].endswith("+00:00")
    return body.get("data")
