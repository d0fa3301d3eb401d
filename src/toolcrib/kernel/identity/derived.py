"""Credentials that are given out for one that was shown: tickets, signed addresses of files. They carry what was
proved, so that they end with what they were given out for: it is checked at each use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.kernel.identity.principal import Grant

Proof = dict[str, Any]


def proof_of(grant: Grant) -> Proof:
    """Return what `grant` proves, for JSON that is signed, or kept where nobody else writes."""
    return {
        "user_id": grant.user_id,
        "via": grant.via,
        "version": grant.version,
        "api_key_id": grant.api_key_id,
        "session_id": grant.session_id,
        "expires_at": grant.expires_at and grant.expires_at.isoformat(),
        "company_id": grant.company_id,
        "scopes": None if grant.scopes is None else sorted(grant.scopes),
    }


def grant_of(proof: Proof, digest: bytes) -> Grant:
    ends, scopes = proof["expires_at"], proof["scopes"]
    return Grant(
        digest,
        proof["via"],
        proof["user_id"],
        version=proof["version"],
        api_key_id=proof["api_key_id"],
        session_id=proof["session_id"],
        expires_at=None if ends is None else datetime.fromisoformat(ends),
        company_id=proof["company_id"],
        scopes=None if scopes is None else frozenset(scopes),
    )
