"""The people that mails can go to, as read for one page of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.rights import Registry, read_principal, read_registry
from toolcrib.kernel.identity.users import people_with_address
from toolcrib.kernel.notify.rules import thing
from toolcrib.kernel.notify.watches import Watch, watches

# The scopes of what other services decide about.
ELSEWHERE = "external:"


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody with a mail address, and their rights as of now."""

    me: Principal
    email: str


class Hearing:
    """Reads people, rights and watches when they are first asked for, and each once. `everyone` is the configured
    choice that locks are told to all who may see them; `url` is the site's address, for links."""

    def __init__(self, session: AsyncSession, *, open_projects: bool, everyone: bool, url: str) -> None:
        self.everyone = everyone
        self.url = url
        self._session = session
        self._open_projects = open_projects
        self._registry: Registry | None = None
        self._everybody: list[Listener] | None = None
        self._uuids: dict[str, str | None] = {}
        self._audiences: dict[str, list[Listener]] = {}
        self._watches: dict[tuple[str, str], list[Watch]] = {}

    async def named(self, username: str, scope: str) -> Listener | None:
        """Return the person who has or had this name, if they can receive mail and may still see `scope`."""
        return await self._one(is_named(username), scope)

    async def uuid_of(self, username: str | None) -> str | None:
        """Return who has this name, or had it when an event named them."""
        if username is not None and username not in self._uuids:
            query = select(User.uuid).where(is_named(username))
            self._uuids[username] = (await self._session.execute(query)).scalar_one_or_none()
        return None if username is None else self._uuids[username]

    async def by_uuid(self, uuid: str, scope: str) -> Listener | None:
        return await self._one(User.uuid == uuid, scope)

    async def audience(self, scope: str) -> list[Listener]:
        """Return all who may see `scope`."""
        if scope not in self._audiences:
            everybody = await self._all()
            self._audiences[scope] = [who for who in everybody if who.me.may(scope)]
        return self._audiences[scope]

    async def watchers(self, together: Sequence[Event]) -> list[tuple[Listener, list[Event]]]:
        """Return who watches any of these things, which are of one kind and scope, and which of them they watch."""
        first = together[0]
        found: dict[str, list[Event]] = {}
        for watch in await self._watches_in(first.kind, first.scope):
            heard = [event for event in together if watch.covers(thing(event))]
            if heard:
                known = found.setdefault(watch.user_uuid, [])
                known += [event for event in heard if event not in known]
        if not found:
            return []
        listeners = {who.me.uuid: who for who in await self.audience(first.scope)}
        return [
            (listeners[uuid], sorted(events, key=lambda event: event.seq))
            for uuid, events in found.items()
            if uuid in listeners
        ]

    async def _watches_in(self, kind: str, scope: str) -> list[Watch]:
        if (kind, scope) not in self._watches:
            here = select(watches).where(watches.c.kind == kind, watches.c.scope == scope)
            rows = await self._session.execute(here.order_by(watches.c.id))
            self._watches[kind, scope] = [Watch(*row) for row in rows]
        return self._watches[kind, scope]

    async def _all(self) -> list[Listener]:
        if self._everybody is None:
            people = await people_with_address(self._session)
            self._everybody = [await self._listener(user) for user in people]
        return self._everybody

    async def _one(self, condition: object, scope: str) -> Listener | None:
        query = select(User).where(condition, User.is_active.is_(True))  # type: ignore[arg-type]
        user = (await self._session.execute(query)).scalar_one_or_none()
        if user is None or not user.email:
            return None
        who = await self._listener(user)
        # Who may see what another service decides about is not known here; it concerned this person a moment ago.
        return who if who.me.may(scope) or scope.startswith(ELSEWHERE) else None

    async def _listener(self, user: User) -> Listener:
        if self._registry is None:
            self._registry = await read_registry(self._session)
        me = await read_principal(
            self._session, user, None, self._registry, open_projects=self._open_projects
        )
        return Listener(me, user.email or "")
