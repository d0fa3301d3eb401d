"""Determine who makes a request, from memory where the result cannot have changed.

A result is kept until an identity event is committed, in this process or another one; the event log's tail reports
those. While the tail lags, kept results are not used.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request

from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.tail import EventTail
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity import lookup, provisioning
from toolcrib.kernel.identity.credential_uses import KEY_USE_NOTED, SESSION_USE_NOTED, CredentialUses
from toolcrib.kernel.identity.credentials import (
    SAFE_METHODS,
    Carrier,
    find,
    refuse_cross_site,
    split_authorization,
    split_basic,
)
from toolcrib.kernel.identity.derived import Proof, grant_of
from toolcrib.kernel.identity.enrolment import OtpEnrolmentRequired, must_enrol, require_enrolment_route
from toolcrib.kernel.identity.lookup import API_KEY_MARK, UnknownPerson
from toolcrib.kernel.identity.models import ApiKey, BrowserSession, User
from toolcrib.kernel.identity.passwords import Passwords
from toolcrib.kernel.identity.principal import (
    ACCOUNT_GONE,
    NO_CREDENTIAL,
    Grant,
    Principal,
    Unauthorized,
    Via,
)
from toolcrib.kernel.identity.rights import Registry, read_principal, read_registry
from toolcrib.kernel.identity.second_step import SecondStep
from toolcrib.kernel.identity.sessions import SIGNED_IN
from toolcrib.kernel.identity.signin import InvalidGrant, SignIn
from toolcrib.kernel.identity.tokens import Tokens, is_api_token
from toolcrib.kernel.newest import Newest
from toolcrib.kernel.origins import origin_of
from toolcrib.kernel.ratelimit import RateLimiter
from toolcrib.kernel.secrets import Secrets
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from toolcrib.kernel.identity.key_scopes import KeyScopes
    from toolcrib.kernel.identity.oidc_provider import OidcProvider

IDENTITY_KINDS = frozenset({"user", "api_key", "session", "company", "project"})
# Of those, what changes the `Registry`. It is read again as a whole, so nothing else makes it be.
_REGISTRY_KINDS = frozenset({"company", "project"})
# After a correct password, it is not hashed again for this long. The account is still checked at each request.
PASSWORD_PROOF = timedelta(minutes=10)

Scope = Any  # an ASGI scope


class Authenticator:
    """Determines the `Principal` of a request: `principal` and `principal_for`; `cached` uses memory alone.

    `passwords`, `sign_in`, `tokens` and `oidc` (None unless configured) are for the code that creates credentials.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        tail: EventTail,
        secrets: Secrets,
        limiter: RateLimiter,
        clock: Clock,
        key_scopes: KeyScopes,
    ) -> None:
        self.key_scopes = key_scopes
        self.passwords = Passwords(settings.password_min_length)
        self.sign_in = SignIn(
            database,
            self.passwords,
            limiter,
            SecondStep(database, secrets, limiter, clock),
            rate=settings.login_rate,
            key=secrets.derive("password attempts"),
        )
        self.tokens = Tokens(secrets.verifying, settings.jwt_issuer, settings.jwt_algorithm)
        self.oidc = _oidc_provider(settings, clock)
        self._settings = settings
        self._clock = clock
        self._database = database
        self._tail = tail
        self._open_projects = settings.unknown_projects == "open"
        addresses = [*settings.cors_origins, *settings.sites_with_cookies, settings.public_url]
        self._own_origins = frozenset(found for each in addresses if (found := origin_of(each)))
        # Credentials are kept as keyed digests only, so that memory holds none in clear text.
        self._empty_digest = blake2b(key=secrets.derive("credential cache"), digest_size=16)
        self._answers: Newest[bytes, tuple[Principal, float]] = Newest(settings.credentials_kept)
        self._registry: Registry | None = None
        self._changes = 0
        self._proofs: Newest[bytes, tuple[Grant, datetime]] = Newest(settings.credentials_kept)
        self._followed: Newest[bytes, None] = Newest(settings.credentials_kept)
        self._uses = CredentialUses(database, clock)
        database.on_commit(self._committed_here)
        tail.on_event(self._on_event)

    # Who makes a request

    async def principal(self, request: Request) -> Principal:
        """Return who makes the request, by its credential.

        Raises:
            Unauthorized: there is no credential, or it is not valid or no longer valid (401).
            CrossSiteWrite: a write request with the sign-in cookie came from a page of another site (403).
            MissingScope, SignInNeeded: an API key may not be used for this route (403).
            OtpEnrolmentRequired: an administrator must set up two-step sign-in before anything else (403).
            ApiKeyNeeded: a password alone is not enough for this account (403).
            RateLimited: too many wrong passwords from this address, or for this account there (429).
        """
        return await self.principal_for(request.scope)

    async def principal_for(self, scope: Scope) -> Principal:
        """Return who makes the request, from an ASGI scope. Raises what `principal` raises."""
        answer = self.cached(scope)
        if answer is None:
            found = find(scope["headers"])
            if found is None:
                raise Unauthorized(NO_CREDENTIAL)
            carrier, raw = found
            answer = await self._authenticate(carrier, raw, self._digest(carrier, raw), scope)
        if answer.must_enrol:
            require_enrolment_route(scope)
        grant = answer.grant
        if grant is not None and grant.api_key_id is not None and grant.via != "api_token":
            self.key_scopes.require(answer, scope)
        return answer

    def cached(self, scope: Scope) -> Principal | None:
        """Return the principal if it is known and cannot have changed, else None. Takes microseconds and never waits.

        Raises CrossSiteWrite as `principal` does. Does not check whether an API key may be used for the route."""
        found = find(scope["headers"])
        if found is None:
            return None
        carrier, raw = found
        if carrier == "cookie" and scope["method"] not in SAFE_METHODS:
            refuse_cross_site(scope["headers"], self._own_origins)
        return self._recall(self._digest(carrier, raw))

    def is_current(self, principal: Principal) -> bool:
        """Return whether nothing can have changed about `principal` since it was returned."""
        return principal.grant is not None and self._recall(principal.grant.digest) is principal

    async def refresh(self, principal: Principal) -> Principal:
        """Return the same person with their rights as of now, for code that keeps a principal longer than a request.

        Raises:
            Unauthorized: the credential is no longer valid (401).
            OtpEnrolmentRequired: an administrator must set up two-step sign-in first (403).
        """
        if principal.grant is not None:
            return await self._again(principal.grant)
        raise Unauthorized("This principal came without a credential.")

    async def principal_of_proof(self, proof: Proof) -> Principal:
        """Return who was given a credential for what `proof` says. Raises what `refresh` raises."""
        return await self._again(grant_of(proof, self._digest("derived", repr(proof).encode())))

    async def principal_of(self, user: User) -> Principal:
        """Return the rights of a person who does not make the request, like the person a claim is transferred to."""
        grant = lookup.version_grant(self._digest("internal", user.uuid.encode()), "internal", user)
        async with self._database.read() as session:
            registry = await read_registry(session)
            return await read_principal(session, user, grant, registry, open_projects=self._open_projects)

    async def principal_with_uuid(self, uuid: str) -> Principal:
        """Return the rights, as of now, of a person who was authenticated some time ago.

        Raises:
            Unauthorized: there is no such account any more, or it is disabled (401).
        """
        async with self._database.read() as session:
            user = (await session.execute(select(User).where(User.uuid == uuid))).scalar_one_or_none()
        if user is None:
            raise Unauthorized(ACCOUNT_GONE)
        lookup.require_usable(user, None, self._clock())
        return await self.principal_of(user)

    def refuse_cross_site(self, request: HTTPConnection) -> None:
        """Refuse a write from another site's page, for routes that set or clear the cookie without reading it, and for
        WebSockets, which any page may open.

        Raises:
            CrossSiteWrite: another site's page sent it (403).
        """
        refuse_cross_site(request.scope["headers"], self._own_origins)

    def note_use(self, key: ApiKey, *, now: datetime) -> None:
        """Record soon that an API key is used now, unless that was recorded a short while ago."""
        if key.last_used_at is None or key.last_used_at <= now - KEY_USE_NOTED:
            self._uses.note(ApiKey, key.id)

    async def close(self) -> None:
        await self._uses.close()
        if self.oidc is not None:
            await self.oidc.close()
        self.passwords.close()

    # Memory

    def _digest(self, carrier: Carrier | Literal["basic", "derived", "internal"], raw: bytes) -> bytes:
        digest = self._empty_digest.copy()
        digest.update(carrier.encode())
        digest.update(raw)
        return digest.digest()

    def _recall(self, digest: bytes) -> Principal | None:
        kept = self._answers.get(digest)
        if kept is None or not self._tail.is_fresh():
            return None
        principal, until = kept
        if until != inf and self._clock().timestamp() >= until:
            del self._answers[digest]
            return None
        return principal

    def _keep(self, principal: Principal, grant: Grant, now: datetime) -> None:
        until = inf if grant.expires_at is None else grant.expires_at.timestamp()
        if grant.api_key_id is not None:
            until = min(until, (now + KEY_USE_NOTED).timestamp())
        if grant.session_id is not None:
            until = min(until, (now + SESSION_USE_NOTED).timestamp())
        self._answers.put(grant.digest, (principal, until))

    def _committed_here(self, lines: list[Event]) -> None:
        # Do not wait for the tail: it may first have to read what other processes wrote.
        for line in lines:
            self._on_event(line)

    def _on_event(self, event: Event) -> None:
        if event.kind in IDENTITY_KINDS and event.verb != SIGNED_IN:
            self._answers.clear()
            self._changes += 1
        if event.kind in _REGISTRY_KINDS:
            self._registry = None
        if (event.kind, event.verb) == ("company", "deleted"):
            self._followed.clear()  # so that a token naming it is looked up again

    # Authentication

    async def _authenticate(self, carrier: Carrier, raw: bytes, digest: bytes, scope: Scope) -> Principal:
        if carrier == "cookie":
            return await self._by_token(raw.decode("latin-1"), digest, "cookie")
        if carrier == "api_key":
            return await self._by_key(raw.decode("latin-1").strip(), digest, "api_key")
        scheme, secret = split_authorization(raw)
        if scheme == "bearer":
            if secret.startswith(API_KEY_MARK):
                return await self._by_key(secret, digest, "api_key")
            if is_api_token(secret):
                return await self._by_api_token(secret, digest)
            return await self._by_token(secret, digest, "bearer")
        username, password = split_basic(secret)
        if password.startswith(API_KEY_MARK):
            return await self._by_key(password, digest, "basic")
        return await self._by_password(username, password, digest, scope)

    async def _by_token(self, raw: str, digest: bytes, via: Via) -> Principal:
        now = self._clock()
        token = self.tokens.read(raw, now=now)
        is_trusted = provisioning.is_trusted(token, self._settings.trust_token_issuers)
        company_id = provisioning.named_company(token) if is_trusted else None
        changes = self._changes
        async with self._database.read() as session:
            try:
                user = await lookup.by_token(session, token)
            except UnknownPerson:
                if not is_trusted:
                    raise
            else:
                lookup.require_usable(user, token.expires_at, now)
                await lookup.require_session(session, token.session_id, user.id)
                if company_id in {None, user.company_id} or digest in self._followed:
                    self._note_followed(company_id, digest)
                    grant = lookup.token_grant(digest, via, user, token, company_id)
                    answer = await self._answer(session, user, grant, now, changes)
                    if token.session_id is not None:
                        self._uses.note(BrowserSession, token.session_id)
                    return answer
        async with self._database.write() as write:
            user = await provisioning.from_token(write, token, now=now)
        self._note_followed(company_id, digest)
        return await self._admit(lookup.token_grant(digest, via, user, token, company_id))

    def _note_followed(self, company_id: str | None, digest: bytes) -> None:
        """Remember that the account has been moved to the company that this token names: once for each token, or else
        a person who uses two tokens, of two companies, would be moved at every request."""
        if company_id is not None and digest not in self._followed:
            self._followed.put(digest, None)

    async def _by_key(self, secret: str, digest: bytes, via: Via) -> Principal:
        now, changes = self._clock(), self._changes
        async with self._database.read() as session:
            user, key = await lookup.by_api_key(session, secret)
            lookup.require_unrevoked(key)
            grant = lookup.key_grant(digest, via, user, key)
            answer = await self._answer(session, user, grant, now, changes)
        self.note_use(key, now=now)
        return answer

    async def _by_api_token(self, raw: str, digest: bytes) -> Principal:
        # As for other keys, what counts is that it was given out: so tokens outlive the secret that signed them, and
        # nobody makes one with a secret that became known.
        try:
            return await self._by_key(raw, digest, "api_token")
        except lookup.UnknownKey:
            self.tokens.read(raw, now=self._clock())
            raise Unauthorized(lookup.TOKEN_INVALID) from None

    async def _by_password(self, username: str, password: str, digest: bytes, scope: Scope) -> Principal:
        # Independent of how the header is written: otherwise a client could vary it and have the same password hashed
        # every time.
        pair = self._digest("basic", repr((username, password)).encode("utf-8", "surrogatepass"))
        proved = await self._by_proof(pair, digest)
        if proved is not None:
            return proved
        address = client_address(scope)
        try:
            await self.sign_in.refuse_known(username, password, address)
            async with self.sign_in.turns.take(address):
                proved = await self._by_proof(pair, digest)
                if proved is not None:
                    return proved
                user = await self.sign_in.prove_basic(username, password, address)
        except InvalidGrant as wrong:
            raise Unauthorized(wrong.detail) from None
        grant = lookup.version_grant(digest, "basic", user)
        self._proofs.put(pair, (grant, self._clock() + PASSWORD_PROOF))
        return await self._admit(grant)

    async def _by_proof(self, pair: bytes, digest: bytes) -> Principal | None:
        """Return the principal for a password that was verified a short while ago, if the account is unchanged."""
        proof = self._proofs.get(pair)
        if proof is None:
            return None
        grant, until = proof
        if self._clock() < until:
            try:
                return await self._admit(replace(grant, digest=digest))
            except Unauthorized:
                pass  # the password was changed since, perhaps back to this one: hash again
        self._proofs.pop(pair, None)
        return None

    async def _again(self, grant: Grant) -> Principal:
        known = self._recall(grant.digest) or await self._admit(grant)
        if known.must_enrol:
            raise OtpEnrolmentRequired.first()
        return known

    async def _admit(self, grant: Grant) -> Principal:
        now, changes = self._clock(), self._changes
        async with self._database.read() as session:
            user = await lookup.by_grant(session, grant)
            return await self._answer(session, user, grant, now, changes)

    async def _answer(
        self, session: AsyncSession, user: User, grant: Grant, now: datetime, changes: int
    ) -> Principal:
        lookup.require_usable(user, grant.expires_at, now, grant.via)
        registry = self._registry if self._tail.is_fresh() else None
        if registry is None:
            registry = await read_registry(session)
        principal = await read_principal(session, user, grant, registry, open_projects=self._open_projects)
        if await must_enrol(session, self._settings, user):
            principal = replace(principal, must_enrol=True)
        if changes == self._changes:  # nothing changed during the read
            self._registry = registry
            self._keep(principal, grant, now)
        return principal


def _oidc_provider(settings: Settings, clock: Clock) -> OidcProvider | None:
    if not (settings.oidc_provider_url and settings.oidc_client_id):
        return None
    # Imported late: only servers that use OpenID need its HTTP client and cryptography.
    from toolcrib.kernel.identity.oidc_provider import OidcProvider  # noqa: PLC0415

    return OidcProvider(settings, clock)
