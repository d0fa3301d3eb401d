"""Tokens: JSON Web Tokens signed with the server's secret, by this server and by services that share the secret.

A token says who a person is, never what they may do: rights come from the database.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.principal import Unauthorized
from toolcrib.kernel.problems import Forbidden

# Accepted whatever the setting says: what other services that share the secret sign with.
COMMON_ALGORITHM = "HS256"
# How far other issuers' clocks may run ahead of ours.
LEEWAY_SECONDS = 30
VERSION_CLAIM = "token_version"
SESSION_CLAIM = "sid"
# With this begins the subject of an API token; its id follows.
API_TOKEN = "token:"


class TokenExpired(Unauthorized):
    """The token has expired (`exp`)."""


class InvalidSubject(Forbidden):
    """The token's signature is valid, but it names nobody (machine-pool contract, section 2)."""


@dataclass(slots=True, frozen=True)
class Token:
    """A token whose signature and times are valid.

    `version` is only in tokens that this server issues now; those are for exactly the person `user_id`. `session_id` is
    only in those of a browser's cookie.
    """

    subject: str | None
    user_id: str | None
    version: int | None
    session_id: str | None
    issuer: str | None
    issued_at: float | None
    expires_at: datetime | None
    claims: dict[str, Any]


class Tokens:
    """Issues tokens with the first secret, and verifies those of any."""

    def __init__(self, secrets: Sequence[str], issuer: str, algorithm: str = COMMON_ALGORITHM) -> None:
        self._secrets = secrets
        self._issuer = issuer
        self._algorithm = algorithm
        self._accepted = [*{algorithm, COMMON_ALGORITHM}]

    def issue(
        self, user: User, *, now: datetime, lifetime: timedelta | None, session_id: str | None = None
    ) -> str:
        """Return a token for `user`. Without a lifetime it has no `exp` and lasts until the password changes. With a
        `session_id` it ends with that browser session."""
        issued = math.floor(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": user.username,
            "user_id": user.uuid,
            "company_id": user.company_id,
            "is_admin": user.is_admin,
            "roles": ["admin"] if user.is_admin else [],
            "iat": issued,
            "nbf": issued,
            "jti": str(uuid4()),
            "type": "access",
            "fresh": False,
            VERSION_CLAIM: user.token_version,
        }
        if session_id is not None:
            claims[SESSION_CLAIM] = session_id
        if lifetime is not None:
            claims["exp"] = issued + int(lifetime.total_seconds())
        return self._signed(claims)

    def issue_api_token(
        self, token_id: str, name: str, *, is_admin: bool, now: datetime, expires_at: datetime
    ) -> str:
        """Return the secret of an API token (desktops contract, section 9)."""
        claims = {
            "sub": API_TOKEN + token_id,
            "name": name,
            "token_id": token_id,
            "iat": math.floor(now.timestamp()),
            "exp": math.floor(expires_at.timestamp()),
            "admin": is_admin,
        }
        return self._signed(claims)

    def read(self, raw: str, *, now: datetime) -> Token:
        """Verify a token (JWT) and return what it says.

        Raises:
            Unauthorized: it was not signed with our secret, or is not valid now (401).
            InvalidSubject: it is valid, but its subject is not a person (403).
        """
        from toolcrib.kernel.identity import json_web_tokens  # noqa: PLC0415 - 10 MB with cryptography

        claims = json_web_tokens.verified(raw, self._secrets, self._accepted)
        expires_at = _moment(claims, "exp")
        if expires_at is not None and expires_at <= now.timestamp():
            raise TokenExpired("Token expired")
        latest = now.timestamp() + LEEWAY_SECONDS
        issued_at, not_before = _moment(claims, "iat"), _moment(claims, "nbf")
        if (not_before or 0) > latest or (issued_at or 0) > latest:
            raise Unauthorized("Invalid token: not valid yet")
        if claims.get("type") == "refresh":
            raise Unauthorized("Invalid token: not an access token")
        return self._token(claims, issued_at, expires_at)

    def _signed(self, claims: dict[str, Any]) -> str:
        from toolcrib.kernel.identity import json_web_tokens  # noqa: PLC0415 - 10 MB with cryptography

        return json_web_tokens.signed(claims, self._secrets[0], self._algorithm)

    def _token(self, claims: dict[str, Any], issued_at: float | None, expires_at: float | None) -> Token:
        subject, user_id = _name(claims, "sub"), _name(claims, "user_id")
        if not subject and not user_id:
            if subject is None:
                raise Unauthorized("Invalid token: no subject")
            raise InvalidSubject("Invalid subject in token")
        if subject is not None and subject.startswith(API_TOKEN):
            # Those are looked up as keys are. No person is found, or made, by the name of one.
            raise Unauthorized("Token is invalid")
        version = claims.get(VERSION_CLAIM) if claims.get("iss") == self._issuer else None
        if version is not None and (type(version) is not int or user_id is None):
            raise Unauthorized("Invalid token: malformed claims")
        # In other services' tokens, a claim of this name is about their own sessions.
        session_id = None if version is None else _name(claims, SESSION_CLAIM)
        issuer = claims.get("iss")
        return Token(
            subject=subject or None,
            user_id=user_id or None,
            version=version,
            session_id=session_id,
            issuer=issuer if isinstance(issuer, str) else None,
            issued_at=issued_at,
            expires_at=None if expires_at is None else _date(expires_at),
            claims=claims,
        )


def is_api_token(raw: str) -> bool:
    """Return whether a token says that it is an API token. Its signature is not checked. No username has a colon."""
    from toolcrib.kernel.identity import json_web_tokens  # noqa: PLC0415 - 10 MB with cryptography

    subject = json_web_tokens.unverified(raw).get("sub")
    return isinstance(subject, str) and subject.startswith(API_TOKEN)


def as_uuid(text: object) -> str | None:
    """Return `text` in the spelling in which UUIDs are stored; None if it is not a UUID."""
    if not isinstance(text, str):
        return None
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _moment(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    try:
        moment = float(value) if type(value) in {int, float} else math.nan
    except OverflowError:
        moment = math.inf
    if not math.isfinite(moment):
        raise Unauthorized(f"Invalid token: {name} is not a number")
    return moment


def _name(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 255 or not is_storable(value):
        raise Unauthorized(f"Invalid token: {name} is not a name")
    return value


def _date(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
