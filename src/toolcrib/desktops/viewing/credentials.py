"""What a person was signed in with when a ticket was made, kept with it: a view ends with that sign-in."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from toolcrib.kernel.identity.principal import Grant, Principal


def as_json(me: Principal) -> dict[str, Any]:
    grant = me.grant
    if grant is None:
        raise ValueError("a principal without a credential asks for no ticket")
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


def principal(found: dict[str, Any], *, uuid: str, username: str) -> Principal:
    """The person, without rights: `Authenticator.refresh` says whether the sign-in is still good, and reads them."""
    ends, scopes = found["expires_at"], found["scopes"]
    grant = Grant(
        digest=secrets.token_bytes(16),  # nobody else has this credential
        via=found["via"],
        user_id=found["user_id"],
        version=found["version"],
        api_key_id=found["api_key_id"],
        session_id=found["session_id"],
        expires_at=None if ends is None else datetime.fromisoformat(ends),
        company_id=found["company_id"],
        scopes=None if scopes is None else frozenset(scopes),
    )
    return Principal(grant.user_id, uuid, username, is_admin=False, grant=grant)
