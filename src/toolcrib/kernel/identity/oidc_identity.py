"""What the OpenID provider says of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolcrib.kernel.identity.names import is_storable

# The claims that are asked for at the userinfo endpoint if the ID token lacks one of them.
CLAIMS = ("preferred_username", "email", "name", "given_name", "family_name", "organization", "locale")


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider describes them. Only the groups that OIDC_GROUP_ROLES names give rights.

    `username` is a name to make one of; `email` is not one that the provider says it has not verified. `groups` are
    those of the named ones that the person is in; None if the provider did not say."""

    subject: str
    username: str | None
    email: str | None
    email_verified: bool
    name: str | None
    given_name: str | None
    family_name: str | None
    organization: str | None
    locale: str | None
    groups: frozenset[str] | None = None

    @classmethod
    def of(cls, claims: Mapping[str, Any], groups: frozenset[str] | None = None) -> Identity:
        told = {name: _text(claims, name) for name in CLAIMS}
        email, name = told["email"], told["name"]
        return cls(
            subject=claims["sub"],
            username=told["preferred_username"] or email or name,
            email=None if claims.get("email_verified") is False else email,
            email_verified=claims.get("email_verified") is True,
            name=name,
            given_name=told["given_name"],
            family_name=told["family_name"],
            organization=told["organization"],
            locale=told["locale"],
            groups=groups,
        )


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) and value.strip() and is_storable(value) else None
