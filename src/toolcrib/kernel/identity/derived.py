"""Credentials that are given out for one that was shown: the tickets of git LFS, signed addresses of files. They carry
what was proved, so that they end with what they were given out for: it is checked at each use."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from toolcrib.kernel.identity.principal import Grant


def proof_of(grant: Grant) -> str:
    """Return what `grant` proves as text, which is to be signed."""
    ends = None if grant.expires_at is None else grant.expires_at.timestamp()
    scopes = None if grant.scopes is None else sorted(grant.scopes)
    proved = (grant.via, grant.user_id, grant.version, grant.api_key_id, grant.session_id, ends)
    return orjson.dumps((*proved, grant.company_id, scopes)).decode()


def grant_of(proof: str, digest: bytes) -> Grant:
    """Return the grant whose proof this is. Its signature has been checked."""
    via, user_id, version, key, session, ends, company, scopes = orjson.loads(proof)
    return Grant(
        digest,
        via,
        user_id,
        version,
        api_key_id=key,
        session_id=session,
        expires_at=None if ends is None else datetime.fromtimestamp(ends, UTC),
        company_id=company,
        scopes=None if scopes is None else frozenset(scopes),
    )
