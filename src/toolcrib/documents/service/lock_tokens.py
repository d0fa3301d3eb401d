"""The tokens of WebDAV locks, as they are stored in the data of claims."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from toolcrib.kernel.claims.models import PRIVATE, Claim

# Marks the entry of a token that is no longer required, see `WebDAVLock.is_spare`.
SPARE = "spare"


@dataclass(frozen=True, slots=True)
class WebDAVLock:
    """One token of a current claim. A token is valid only while the claim belongs to the person who took the token.

    `is_spare`: the lock came back with its document to a name that its program had moved it away from, or deleted. By
    the standard the lock ended there, so the token is valid if it is shown, but the program may also write without it.
    """

    claim: Claim
    token: str
    shared: bool
    owner: str
    expires_at: datetime | None
    is_spare: bool = False

    @property
    def depth(self) -> str:
        return str(self.claim.data.get("depth", "0"))


def tokens_of(claim: Claim, now: datetime) -> list[WebDAVLock]:
    """Return the valid tokens of `claim`."""
    found = []
    for entry in entries_of(claim):
        if entry["by"] != claim.holder_uuid:
            continue
        end = claim.expires_at
        if is_adopted(claim):
            own = datetime.fromisoformat(entry["until"])
            end = own if end is None else min(own, end)
            if end <= now:
                continue
        found.append(WebDAVLock(claim, entry["token"], entry["shared"], entry["owner"], end, SPARE in entry))
    return found


def entries_of(claim: Claim) -> list[dict[str, Any]]:
    found = _private(claim).get("dav")
    return [entry for entry in found if _is_sound(entry)] if isinstance(found, list) else []


def _private(claim: Claim) -> dict[str, Any]:
    found = claim.data.get(PRIVATE)
    return found if isinstance(found, dict) else {}


def _is_sound(entry: Any) -> bool:
    """Return whether `lock` could have written this token: a damaged one must not make the list of a folder fail."""
    if not isinstance(entry, dict) or not isinstance(entry.get("shared"), bool):
        return False
    if not all(isinstance(entry.get(name), str) for name in ("token", "by", "owner", "until")):
        return False
    try:
        return datetime.fromisoformat(entry["until"]).tzinfo is not None
    except ValueError:
        return False


def data_with(claim: Claim, entries: list[dict[str, Any]], *, adopted: bool) -> dict[str, Any]:
    """Return the claim's data with these tokens. `adopted`: the claim existed before its first token, and stays when
    the last is removed."""
    if not entries:
        return claim.public_data
    return {**claim.public_data, PRIVATE: {"dav": entries, "adopted": adopted}}


def is_valid(claim: Claim, entry: dict[str, Any], now: datetime) -> bool:
    return any(lock.token == entry["token"] for lock in tokens_of(claim, now))


def is_adopted(claim: Claim) -> bool:
    return bool(_private(claim).get("adopted"))


def held_as_json(claim: Claim) -> dict[str, Any]:
    """Return the claim for the `kept` of a name that its document leaves."""
    found = asdict(claim)
    for name in ("acquired_at", "renewed_at", "expires_at"):
        found[name] = found[name].isoformat() if found[name] is not None else None
    # A claim without tokens was taken in another way, so it stays with the document.
    found["data"] = {**claim.data, PRIVATE: {"dav": entries_of(claim), "adopted": stays(claim)}}
    return found


def read_held(kept: dict[str, Any]) -> Claim | None:
    """Return the claim that `held_as_json` wrote, as it was then."""
    found = kept.get("held")
    if not isinstance(found, dict):
        return None
    times = {
        name: datetime.fromisoformat(found[name]) if found[name] else None
        for name in ("acquired_at", "renewed_at", "expires_at")
    }
    return Claim(**{**found, **times})


def stays(claim: Claim) -> bool:
    """Return whether the claim was taken in another way than by its tokens, so that it outlives them."""
    return is_adopted(claim) or not entries_of(claim)
