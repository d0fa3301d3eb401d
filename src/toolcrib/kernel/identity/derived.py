"""Credentials that are given out for one that was shown, like the tickets of git LFS. They carry what was proved, as
text, so that they end with what they were given out for: it is checked at each use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from toolcrib.kernel.identity.principal import Grant

Proof = list[Any]


def proof_of(grant: Grant, *, with_session: bool = True) -> Proof:
    """Return what `grant` proves, as values of JSON. Without its session, it does not end with a sign-out of that."""
    return [
        grant.via,
        grant.user_id,
        grant.version,
        grant.api_key_id,
        grant.session_id if with_session else None,
        None if grant.expires_at is None or not with_session else grant.expires_at.timestamp(),
        grant.company_id,
        None if grant.scopes is None else sorted(grant.scopes),
    ]


def grant_of(proof: Proof, digest: bytes) -> Grant:
    """Return the grant of a proof that is signed by this server."""
    via, user_id, version, key, session, expires, company, scopes = proof
    return Grant(
        digest,
        via,
        user_id,
        version,
        api_key_id=key,
        session_id=session,
        expires_at=None if expires is None else datetime.fromtimestamp(expires, UTC),
        company_id=company,
        scopes=None if scopes is None else frozenset(scopes),
    )
