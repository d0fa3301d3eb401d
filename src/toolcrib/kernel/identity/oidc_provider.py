"""The OpenID provider: find its endpoints, redeem codes and verify its tokens (OpenID Connect Core 1.0)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from toolcrib.kernel.clock import Clock
from toolcrib.kernel.identity.models import SID_LENGTH
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.oidc import InvalidIdToken
from toolcrib.kernel.identity.oidc_groups import groups_of, has_claim
from toolcrib.kernel.identity.oidc_identity import CLAIMS, Identity
from toolcrib.kernel.identity.oidc_logout import InvalidLogoutToken, LogoutMessage, read_logout_message
from toolcrib.kernel.problems import InvalidRequest, Problem
from toolcrib.settings import Settings

log = structlog.get_logger()

# Only signatures that the provider alone can make: not those with the shared client secret, and not "none".
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 60
METADATA_SECONDS = 3600.0
# When a token is signed by an unknown key, the provider's keys are read again, but not more often than this.
KEYS_SECONDS = 30.0
TIMEOUT_SECONDS = 4.0
ANSWER_BYTES = 1_000_000


class OidcUnavailable(Problem):
    """The provider does not respond, or its response cannot be used."""

    code, status = "oidc_unavailable", 502


class TokenExchangeFailed(InvalidRequest):
    code = "token_exchange_failed"


@dataclass(slots=True, frozen=True)
class Metadata:
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    posts_secret: bool
    read_at: float


@dataclass(slots=True, frozen=True)
class Arrival:
    """A person who comes from the provider: who they are, and the session there (`sid`, if the provider names it)."""

    identity: Identity
    sid: str | None
    id_token: str


class OidcProvider:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._url = settings.oidc_provider_url
        self._client_id = settings.oidc_client_id
        self._scope = settings.oidc_scope
        self._groups_claim = settings.oidc_groups_claim
        self._groups = frozenset(settings.oidc_group_roles)
        self._end_session_url = settings.oidc_end_session_url
        self._client_secret = settings.oidc_client_secret.get_secret_value()
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._keys_read_at = 0.0
        self._reading = asyncio.Lock()
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Return the URL that a browser is sent to for signing in.

        Raises:
            OidcUnavailable: the provider does not respond, or not usably (502).
        """
        metadata = await self._discover()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{mark}{urlencode(query)}"

    async def redeem(
        self, code: str, *, redirect_uri: str, verifier: str, nonce: str, now: datetime
    ) -> Arrival:
        """Exchange a code from the provider for the identity of the person, and their session there.

        Raises:
            TokenExchangeFailed: the provider refuses the code (400).
            InvalidIdToken: its response does not prove an identity (400).
            OidcUnavailable: the provider does not respond, or not usably (502).
        """
        metadata = await self._discover()
        answer = await self._exchange(metadata, code, redirect_uri, verifier)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str):
            raise InvalidIdToken("Invalid token response")
        claims = await self._verify(metadata, id_token, access_token, nonce, now)
        more: dict[str, Any] | None = {}
        needs_groups = self._groups_claim and not has_claim(claims, self._groups_claim)
        if isinstance(access_token, str) and (needs_groups or not all(claims.get(name) for name in CLAIMS)):
            more = await self._userinfo(metadata, access_token, claims["sub"])
            claims = {**(more or {}), **claims}
        groups = None
        if self._groups_claim:
            complete = more is not None
            groups = groups_of(claims, self._groups_claim, self._groups, is_complete=complete)
        sid = claims.get("sid")
        known_sid = sid if isinstance(sid, str) and is_storable(sid) and len(sid) <= SID_LENGTH else None
        return Arrival(Identity.of(claims, groups), known_sid, id_token)

    async def sign_out_url(self, id_token: str | None, return_to: str) -> str | None:
        """Return the URL where a browser signs out at the provider (OpenID Connect RP-Initiated Logout 1.0); None if it
        has none, or cannot be asked now."""
        try:
            metadata = await self._discover()
        except OidcUnavailable:
            return None
        endpoint = metadata.end_session_endpoint
        if endpoint is None:
            return None
        query = {"client_id": self._client_id, "post_logout_redirect_uri": return_to}
        if id_token is not None:
            query["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def read_logout_token(self, raw: str, *, now: datetime) -> LogoutMessage:
        """Verify the provider's message that a person has signed out there (OpenID Connect Back-Channel Logout 1.0,
        section 2.6).

        Raises:
            InvalidLogoutToken: it does not prove that (400).
            OidcUnavailable: the provider's keys cannot be read (502).
        """
        metadata = await self._discover()
        try:
            token = await self._decode(metadata, raw)
        except InvalidIdToken:
            raise InvalidLogoutToken("The logout token's signature is not the provider's.") from None
        return read_logout_message(
            token.header, token.claims, issuer=metadata.issuer, client_id=self._client_id, now=now
        )

    # Requests to the provider

    async def _discover(self) -> Metadata:
        known = self._metadata
        if known is not None and self._clock().timestamp() - known.read_at < METADATA_SECONDS:
            return known
        answer = await self._ask("GET", f"{self._url}/.well-known/openid-configuration")
        if answer.status_code == 404:
            document: dict[str, Any] | None = self._undiscovered()
        else:
            document = _object(answer) if answer.status_code == 200 else None
        if document is None:
            if known is not None:
                return known  # old metadata is better than none
            raise OidcUnavailable("The sign-in provider's discovery document cannot be used.")
        if str(document.get("issuer", "")).rstrip("/") != self._url:
            raise OidcUnavailable("The sign-in provider's issuer is not the configured address.")
        required = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if not all(isinstance(url, str) for url in required):
            raise OidcUnavailable("The sign-in provider's discovery document cannot be used.")
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        userinfo, end = document.get("userinfo_endpoint"), document.get("end_session_endpoint")
        self._metadata = Metadata(
            issuer=document["issuer"],
            authorization_endpoint=document["authorization_endpoint"],
            token_endpoint=document["token_endpoint"],
            jwks_uri=document["jwks_uri"],
            userinfo_endpoint=userinfo if isinstance(userinfo, str) else None,
            end_session_endpoint=self._end_session_url or (end if isinstance(end, str) else None),
            posts_secret="client_secret_post" in methods,
            read_at=self._clock().timestamp(),
        )
        return self._metadata

    def _undiscovered(self) -> dict[str, Any]:
        """Return where a provider without discovery has its endpoints (desktops contract, section 8)."""
        return {
            "issuer": self._url,
            "authorization_endpoint": f"{self._url}/authorize",
            "token_endpoint": f"{self._url}/token",
            "userinfo_endpoint": f"{self._url}/userinfo",
            "jwks_uri": f"{self._url}/.well-known/jwks.json",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    async def _exchange(
        self, metadata: Metadata, code: str, redirect_uri: str, verifier: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        auth = None
        if self._client_secret and not metadata.posts_secret:
            # RFC 6749, section 2.3.1: both are form-encoded first.
            pair = [urlencode({"": part})[1:] for part in (self._client_id, self._client_secret)]
            auth = httpx.BasicAuth(*pair)
        else:
            form["client_id"] = self._client_id
            if self._client_secret:
                form["client_secret"] = self._client_secret
        answer = await self._ask("POST", metadata.token_endpoint, data=form, auth=auth)
        document = _object(answer)
        if answer.status_code != 200 or document is None:
            # `error` is a code of RFC 6749, section 5.2; the other fields may contain anything, so they are not logged.
            word = document.get("error") if document else None
            log.warning("oidc_code_refused", status=answer.status_code, error=str(word)[:40])
            raise TokenExchangeFailed("Token exchange failed")
        return document

    async def _userinfo(self, metadata: Metadata, access_token: str, subject: str) -> dict[str, Any] | None:
        """Return further claims about the same person; None if they cannot be read."""
        if metadata.userinfo_endpoint is None:
            return {}
        try:
            headers = {"Authorization": f"Bearer {access_token}"}
            answer = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
        except OidcUnavailable:
            return None
        document = _object(answer) if answer.status_code == 200 else None
        return document if document is not None and document.get("sub") == subject else None

    async def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        try:
            async with self._http.stream(method, url, **options) as answer:
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES:
                        raise OidcUnavailable("The sign-in provider's response is too long.")
                return httpx.Response(answer.status_code, content=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("oidc_unreachable", error=type(error).__name__)
            raise OidcUnavailable("The sign-in provider does not respond.") from None

    # Verifying tokens

    async def _verify(
        self, metadata: Metadata, id_token: str, access_token: object, nonce: str, now: datetime
    ) -> dict[str, Any]:
        token = await self._decode(metadata, id_token)
        try:
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": metadata.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                params={"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            log.warning("oidc_token_refused", error=type(error).__name__)
            raise InvalidIdToken("Invalid token response") from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise InvalidIdToken("Invalid token response")
        return dict(claims)

    async def _decode(self, metadata: Metadata, raw: str) -> jwt.Token:
        """Return a token that the provider signed, its claims not checked yet.

        Raises:
            InvalidIdToken: it did not (400).
        """
        try:
            return jwt.decode(raw, await self._key_set(metadata), ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have begun to use another key since its keys were read.
            if self._clock().timestamp() - self._keys_read_at < KEYS_SECONDS:
                raise InvalidIdToken("Invalid token response") from None
        try:
            return jwt.decode(raw, await self._key_set(metadata, again=True), ALGORITHMS)
        except (JoseError, ValueError, TypeError) as error:
            log.warning("oidc_token_refused", error=type(error).__name__)
            raise InvalidIdToken("Invalid token response") from None

    async def _key_set(self, metadata: Metadata, *, again: bool = False) -> KeySet:
        async with self._reading:
            old = self._keys is None or self._clock().timestamp() - self._keys_read_at > METADATA_SECONDS
            if self._keys is None or old or again:
                answer = await self._ask("GET", metadata.jwks_uri)
                document = _object(answer) if answer.status_code == 200 else None
                if document is None:
                    raise OidcUnavailable("The sign-in provider's signing keys cannot be read.")
                self._keys = KeySet.import_key_set({"keys": _signing_keys(document)})
                self._keys_read_at = self._clock().timestamp()
            return self._keys


def _signing_keys(document: Mapping[str, Any]) -> list[Any]:
    keys = document.get("keys")
    return [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"] if keys else []


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
