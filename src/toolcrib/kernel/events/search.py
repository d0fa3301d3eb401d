"""Search the event log, in a time that does not grow with the log.

The newest (or oldest) few matching events are wanted. If few events meet one of the conditions, an index names those,
and they are checked one by one. Otherwise matches are frequent, so a scan of the log, or of the index of one actor,
verb, kind or scope, meets enough of them soon. The indexes are asked which of the two it is, because the databases' own
estimates are wrong for some values.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.access import SCOPES_MAX, visible, visible_scopes
from toolcrib.kernel.claims.schemas import MAX_ID, Text, in_utc
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.times import EventTimes
from toolcrib.kernel.events.writer import Event, event_keys, events
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.schema import Schema
from toolcrib.kernel.search import plan_for_values, prefix_match

# Checking this many one by one takes a few milliseconds.
FEW = 2_000
CHUNK = 500
KEYS_MAX = 100
STEPS_MAX = 1_000

Seq = Annotated[int, Field(ge=0, le=MAX_ID)]


class EventFilter(Schema):
    """All given conditions must hold. Several kinds or verbs may be given, separated by commas, and several keys, each
    as a parameter of its own."""

    kind: Text | None = None
    actor: Text | None = None
    verb: Text | None = None
    key: Annotated[list[Text] | None, Field(max_length=KEYS_MAX)] = None
    prefix: Text | None = None
    scope: Text | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Seq | None = None
    before: Seq | None = None

    def conditions(self, principal: Principal) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [visible(principal, events.c.scope)]
        if self.kind:
            found.append(events.c.kind.in_(self.kind.split(",")))
        if self.verb:
            found.append(events.c.verb.in_(self.verb.split(",")))
        if self.actor:
            found.append(events.c.actor == self.actor)
        if self.key is not None:
            found.append(events.c.key.in_(self.key))
        if self.prefix:
            found.append(prefix_match(events.c.key, self.prefix))
        if self.scope is not None:
            found.append(events.c.scope == principal.scope_named(self.scope))
        if self.since is not None:
            found.append(events.c.at >= in_utc(self.since))
        if self.until is not None:
            found.append(events.c.at < in_utc(self.until))
        if self.after is not None:
            found.append(events.c.seq > self.after)
        if self.before is not None:
            found.append(events.c.seq < self.before)
        return found

    def holds(self, principal: Principal, event: dict[str, Any]) -> bool:
        """Whether an event, as the API words it, meets the conditions and `principal` may see it."""
        at = datetime.fromisoformat(event["at"])
        return (
            principal.may(event["scope"])
            and (not self.kind or event["kind"] in self.kind.split(","))
            and (not self.verb or event["verb"] in self.verb.split(","))
            and (not self.actor or event["actor"] == self.actor)
            and (self.key is None or event["key"] in self.key)
            and (not self.prefix or event["key"].startswith(self.prefix))
            and (self.scope is None or event["scope"] == principal.scope_named(self.scope))
            and (self.since is None or at >= in_utc(self.since))
            and (self.until is None or at < in_utc(self.until))
            and (self.after is None or event["seq"] > self.after)
            and (self.before is None or event["seq"] < self.before)
        )

    def indexed(self, scopes: list[str] | None, dialect: str) -> list[ColumnElement[bool]]:
        """Return those conditions that an index can answer alone, the probably rarest first. What the reader may see is
        one of them, where `scopes` name it."""
        found: list[ColumnElement[bool]] = []
        if self.key is not None:
            found.append(or_(*(event_keys.equals(key, dialect) for key in self.key)))
        if self.prefix:
            found.append(event_keys.begins(self.prefix, dialect))
        if scopes is not None:
            found.append(events.c.scope.in_(scopes))
        if self.actor:
            found.append(events.c.actor == self.actor)
        if self.verb:
            found.append(events.c.verb.in_(self.verb.split(",")))
        if self.kind:
            found.append(events.c.kind.in_(self.kind.split(",")))
        return found

    def is_ordered(self, scopes: list[str] | None) -> bool:
        """Return whether the only condition is one whose index has the matches in the order of the log, where the
        reader may see `scopes` (None: probably most of what there is)."""
        lists = [one for one in (self.kind, self.verb) if one]
        single = not any("," in one for one in lists)
        ordered = (*lists, self.actor, self.scope is not None)
        others = (self.key is not None, self.prefix, self.scope is None and scopes is not None)
        return single and not any(others) and sum(map(bool, ordered)) <= 1


async def search(
    session: AsyncSession,
    times: EventTimes,
    wanted: EventFilter,
    reader: Principal,
    *,
    newest_first: bool,
    limit: int,
    before: int | None = None,
) -> list[Event]:
    """Return up to `limit` matching events that `reader` may see."""
    if wanted.scope is not None and not reader.may(reader.scope_named(wanted.scope)):
        return []
    await plan_for_values(session)
    conditions = wanted.conditions(reader)
    bounds = await times.bounds(
        session, wanted.since and in_utc(wanted.since), wanted.until and in_utc(wanted.until)
    )
    if before is not None:
        bounds.append(events.c.seq < before)
    if wanted.after is not None:
        bounds.append(events.c.seq > wanted.after)
    if wanted.before is not None:
        bounds.append(events.c.seq < wanted.before)
    conditions += bounds
    if wanted.scope is None:
        scopes = await _scopes_of(session, reader)
    else:
        scopes = [reader.scope_named(wanted.scope)]
    few = None if wanted.is_ordered(scopes) else await _few(session, wanted, scopes, bounds)
    if few is None:
        return await event_log.search(session, conditions, newest_first=newest_first, limit=limit)
    few.sort(reverse=newest_first)
    found: list[Event] = []
    for start in range(0, len(few), CHUNK):
        these = events.c.seq.in_(few[start : start + CHUNK])
        left = limit - len(found)
        found += await event_log.search(session, [*conditions, these], newest_first=newest_first, limit=left)
        if len(found) >= limit:
            break
    return found


async def _scopes_of(session: AsyncSession, reader: Principal) -> list[str] | None:
    """Return the scopes of all events that `reader` may see; None if there are too many to name. Where projects that
    are not registered are open to everybody, they are among those that the log has, unless it has very many."""
    if reader.is_admin or not reader.open_projects:
        return visible_scopes(reader)
    has_own_steps = session.get_bind().dialect.name in ("mysql", "mariadb")
    found = list(await session.scalars(_SCOPES_STEPPING_ITSELF if has_own_steps else _SCOPES))
    seen = [scope for scope in found if reader.may(scope)]
    return seen if len(found) <= STEPS_MAX and len(seen) <= SCOPES_MAX else None


def _scopes_in_the_log() -> Select[Any]:
    """Each scope that events have, but no more than `STEPS_MAX` and one: by steps from one to the next in the index."""
    first = select(func.min(events.c.scope).label("scope"), literal(1).label("number"))
    found = first.cte("scopes", recursive=True)
    following = select(func.min(events.c.scope)).where(events.c.scope > found.c.scope).scalar_subquery()
    more = select(following, found.c.number + 1)
    found = found.union_all(more.where(found.c.scope.is_not(None), found.c.number <= STEPS_MAX))
    return select(found.c.scope).where(found.c.scope.is_not(None))


_SCOPES = _scopes_in_the_log()
# The same on MariaDB, which goes through an index by steps if it is asked for its groups, and only then.
_SCOPES_STEPPING_ITSELF = select(events.c.scope).group_by(events.c.scope).limit(STEPS_MAX + 1)


async def _few(
    session: AsyncSession,
    wanted: EventFilter,
    scopes: list[str] | None,
    bounds: list[ColumnElement[bool]],
) -> list[int] | None:
    """Return the numbers of all events that meet the first condition that few events meet; None if many meet each."""
    for condition in wanted.indexed(scopes, session.get_bind().dialect.name):
        query = select(events.c.seq).where(condition, *bounds).limit(FEW + 1)
        found = list(await session.scalars(query))
        if len(found) <= FEW:
            return found
    return None
