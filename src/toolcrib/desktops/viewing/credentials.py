"""What a person was signed in with when a ticket was made, kept with it: a view ends with that sign-in."""

from __future__ import annotations

import secrets

from toolcrib.kernel.identity.derived import Proof, grant_of, proof_of
from toolcrib.kernel.identity.principal import Principal


def as_json(me: Principal) -> Proof:
    if me.grant is None:
        raise ValueError("a principal without a credential asks for no ticket")
    return proof_of(me.grant)


def principal(found: Proof, *, uuid: str, username: str) -> Principal:
    """The person, without rights: `Authenticator.refresh` says whether the sign-in is still good, and reads them."""
    grant = grant_of(found, secrets.token_bytes(16))  # nobody else has this credential
    return Principal(grant.user_id, uuid, username, is_admin=False, grant=grant)
