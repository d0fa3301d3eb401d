"""Connect to Onshape, and keep the connection."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import structlog
from sqlalchemy import Row, delete, insert, or_, select, update

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.progress import made_progress
from toolcrib.kernel.waits import end_tasks
from toolcrib.parts.onshape.client import Account, NotAccepted, OnshapeClient, ProviderFailed, Tokens
from toolcrib.parts.onshape.tables import ACCESS, REFRESH, connections, states

log = structlog.get_logger()

NAME = "parts.onshape"
SCOPE = "OAuth2Read OAuth2ReadPII"
STATE_LIFETIME = timedelta(minutes=5)
# Of sign-ins that nobody finished.
STATES_KEPT = 20
RENEW_BEFORE = timedelta(minutes=5)
# Asking for new tokens takes no longer.
RENEWING = timedelta(seconds=30)
LOOK_SECONDS = 0.25


class NotConnected(Exception):
    """Nobody has connected this caller to Onshape, or Onshape accepts the connection no more."""


class NotConfigured(Exception):
    """Onshape is not configured on this server."""


class UnknownRedirect(Exception):
    """The address is none of those configured."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that somebody has come back from. `return_to` is where on our page it began, if it did there."""

    owner: str
    redirect_uri: str
    return_to: str | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """A token that may be used now. `version` names it."""

    owner: str
    token: str
    version: datetime


class Connections:
    """The way to Onshape, and the connections of all who have one."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._client: OnshapeClient | None = None
        # Drawings that are being fetched, by part.
        self.under_way: dict[int, asyncio.Task[Any]] = {}

    @property
    def client(self) -> OnshapeClient:
        """Opened when it is first used."""
        if self._client is None:
            self._client = OnshapeClient(self.kernel.settings)
        return self._client

    async def close(self) -> None:
        await end_tasks(*self.under_way.values())
        if self._client is not None:
            await self._client.close()

    # Signing in

    async def begin(
        self, owner: str, redirect_uri: str | None, *, now: datetime, return_to: str | None = None
    ) -> str:
        """Begin a sign-in, and return where to send the browser. `return_to` is where on our page it begins.

        Raises:
            NotConfigured, UnknownRedirect.
        """
        settings = self.kernel.settings
        if not settings.has_onshape:
            raise NotConfigured
        known = settings.onshape_redirect_uris
        if redirect_uri is not None and redirect_uri not in known:
            raise UnknownRedirect
        state = secrets.token_urlsafe(32)
        row = {
            "digest": _digest(state),
            "owner": owner,
            "redirect_uri": redirect_uri or known[0],
            "return_to": return_to,
            "expires_at": now + STATE_LIFETIME,
        }
        async with self.kernel.database.write() as session:
            await take_write_lock(session)
            await session.execute(delete(states).where(states.c.expires_at <= now))
            newest = select(states.c.digest).where(states.c.owner == owner)
            kept = await session.scalars(newest.order_by(states.c.expires_at.desc()).limit(STATES_KEPT - 1))
            mine = states.c.owner == owner, states.c.digest.not_in(list(kept))
            await session.execute(delete(states).where(*mine))
            await session.execute(insert(states).values(**row))
        query = {
            "response_type": "code",
            "client_id": settings.onshape_client_id,
            "redirect_uri": row["redirect_uri"],
            "scope": SCOPE,
            "state": state,
        }
        return f"{settings.onshape_oauth_url}/oauth/authorize?{urlencode(query)}"

    async def come_back(self, state: str, *, now: datetime) -> SignIn | None:
        """Return the sign-in that has this state, which counts once; None if there is none."""
        mine = states.c.digest == _digest(state)
        async with self.kernel.database.read() as session:
            found = (await session.execute(select(states).where(mine))).first()
        if found is None:
            return None
        async with self.kernel.database.write() as session:
            await take_write_lock(session)
            redeemed: Any = await session.execute(delete(states).where(mine))
        if not redeemed.rowcount:  # somebody else has shown it meanwhile
            return None
        return SignIn(found.owner, found.redirect_uri, found.return_to, found.expires_at <= now)

    async def finish(self, sign_in: SignIn, code: str) -> None:
        """Connect whoever began the sign-in.

        Raises:
            ProviderFailed, NotAccepted: Onshape gave no tokens.
        """
        tokens = await self.client.exchange(code, sign_in.redirect_uri)
        account = await self.client.account(tokens.access)
        await self._connect(sign_in.owner, tokens, account)

    async def _connect(self, owner: str, tokens: Tokens, account: Account) -> None:
        now = self.kernel.clock()
        values = {
            **self._sealed(tokens, None),
            "expires_at": now + timedelta(seconds=tokens.seconds),
            "user_id": account.id,
            "email": account.email,
            "name": account.name,
            "authenticated_at": now,
            "renewed_at": now,
        }
        async with self.kernel.database.write() as session:
            await take_write_lock(session)
            await session.execute(delete(connections).where(connections.c.owner == owner))
            await session.execute(insert(connections).values(owner=owner, **values))
        log.info("onshape_connected", owner=owner.partition(":")[0])

    def _sealed(self, tokens: Tokens, former_refresh: str | None) -> dict[str, Any]:
        """Return the columns of the tokens; the former refresh token stays where none returned."""
        seal = self.kernel.secrets.seal
        refresh = seal(REFRESH, tokens.refresh) if tokens.refresh is not None else former_refresh
        return {"access_token": seal(ACCESS, tokens.access), "refresh_token": refresh}

    async def find(self, owner: str) -> Row[Any] | None:
        query = select(connections).where(connections.c.owner == owner)
        async with self.kernel.database.read() as session:
            return (await session.execute(query)).first()

    async def disconnect(self, owner: str) -> bool:
        """Forget a connection. Returns whether there was one."""
        async with self.kernel.database.write() as session:
            await take_write_lock(session)
            gone: Any = await session.execute(delete(connections).where(connections.c.owner == owner))
        return bool(gone.rowcount)

    # Using it

    async def use(self, owner: str, *, instead_of: datetime | None = None) -> Connection:
        """Return a token of this owner that lasts some minutes; a newer one than that of `instead_of`, if given.

        One process asks for new tokens at a time: some providers accept a refresh token once.

        Raises:
            NotConnected: connect first.
            ProviderFailed: Onshape gives no new token now.
        """
        until = asyncio.get_running_loop().time() + RENEWING.total_seconds()
        while True:
            now = self.kernel.clock()
            row = await self.find(owner)
            if row is None or has_lapsed(row, now):
                raise NotConnected
            if row.expires_at - now >= RENEW_BEFORE and row.renewed_at != instead_of:
                return self._opened(row)
            if row.refresh_token is None and instead_of is None and row.expires_at > now:
                return self._opened(row)
            if await self._may_renew(row, now):
                return await self._renew(row)
            if asyncio.get_running_loop().time() > until:
                raise ProviderFailed("Onshape does not answer.")
            await asyncio.sleep(LOOK_SECONDS)
            made_progress()

    def _opened(self, row: Row[Any]) -> Connection:
        try:
            return Connection(row.owner, self.kernel.secrets.open(row.access_token), row.renewed_at)
        except ValueError:  # sealed with a secret that is gone
            raise NotConnected from None

    async def _may_renew(self, row: Row[Any], now: datetime) -> bool:
        """Take the renewal of this connection, unless another process has it."""
        free = or_(connections.c.refreshing_until.is_(None), connections.c.refreshing_until <= now)
        mine = connections.c.owner == row.owner, connections.c.renewed_at == row.renewed_at, free
        async with self.kernel.database.short_write() as connection:
            taken = await connection.execute(
                update(connections).where(*mine).values(refreshing_until=now + RENEWING)
            )
        return taken.rowcount == 1

    async def _renew(self, row: Row[Any]) -> Connection:
        mine = connections.c.owner == row.owner, connections.c.renewed_at == row.renewed_at
        values: dict[str, Any] = {"refreshing_until": None}
        try:
            try:
                if row.refresh_token is None:
                    raise NotAccepted
                tokens = await self.client.refresh(self.kernel.secrets.open(row.refresh_token))
            except (NotAccepted, ValueError):
                await self.lapse(row.owner, row.renewed_at)
                raise NotConnected from None
            now = self.kernel.clock()
            # Later than before, even if the clock stands still: it names the token.
            renewed_at = max(now, row.renewed_at + timedelta(milliseconds=1))
            expires_at = now + timedelta(seconds=tokens.seconds)
            sealed = self._sealed(tokens, row.refresh_token)
            values |= {**sealed, "expires_at": expires_at, "renewed_at": renewed_at}
            return Connection(row.owner, tokens.access, renewed_at)
        finally:
            async with self.kernel.database.short_write() as connection:
                await connection.execute(update(connections).where(*mine).values(**values))

    async def lapse(self, owner: str, version: datetime) -> None:
        """Forget the tokens of a connection that Onshape accepts no more."""
        now = self.kernel.clock()
        mine = connections.c.owner == owner, connections.c.renewed_at == version
        forgotten = {"access_token": self.kernel.secrets.seal(ACCESS, ""), "refresh_token": None}
        async with self.kernel.database.short_write() as connection:
            await connection.execute(update(connections).where(*mine).values(**forgotten, expires_at=now))
        log.info("onshape_connection_lapsed", owner=owner.partition(":")[0])


def has_lapsed(row: Row[Any], now: datetime) -> bool:
    """Return whether Onshape accepts a connection no more, and its owner has to connect again."""
    return row.refresh_token is None and row.expires_at <= now


def _digest(state: str) -> str:
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def connections_of(kernel: Kernel) -> Connections:
    found: Connections = kernel.kinds[NAME]
    return found


def start(kernel: Kernel) -> None:
    kernel.kinds[NAME] = Connections(kernel)


async def stop(kernel: Kernel) -> None:
    await connections_of(kernel).close()
