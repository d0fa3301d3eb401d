"""The open views of this process: what they may do is looked up whenever something happened, and once a second.

The database says who holds a desktop, who is invited, who has control and whose sign-in still counts; events of this
and other processes only say when to look. So it does not matter by which door, or in which process, something ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, select, update

from toolcrib.desktops.models import KIND, controls, desktops, guests, views
from toolcrib.desktops.viewing import control, credentials
from toolcrib.desktops.viewing.rights import Rights
from toolcrib.desktops.viewing.tickets import Role
from toolcrib.desktops.viewing.views import Closing, Opened, end_stale, end_view, has_stale
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.authenticate import IDENTITY_KINDS
from toolcrib.kernel.identity.enrolment import OtpEnrolmentRequired
from toolcrib.kernel.identity.principal import Unauthorized
from toolcrib.kernel.waits import end_tasks, set_within

log = structlog.get_logger()

NAME = "desktop views"
LOOK_SECONDS = 1.0
# How often a view says that it is open, and that its desktop is in use.
KEEP = timedelta(seconds=5)
USED = timedelta(minutes=1)
# What a close frame holds.
MAX_REASON = 120


class View:
    """One open view of this process. `ended` is set with the code and text that close it; `on_loss` is called when it
    loses control."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.id = opened.id
        self.desktop = opened.desktop
        self.role = opened.role
        self.view_only = opened.view_only
        self.ends_at = opened.ends_at
        self.rights = Rights(opened.copy_out, opened.paste_in)
        self.has_input = False
        self.on_loss: Callable[[], None] | None = None
        self.person = credentials.principal(
            opened.credential, uuid=opened.person_uuid, username=opened.person
        )
        self.ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def set_control(self, has: bool) -> None:
        lost = self.rights.has_control and not has
        self.rights.has_control = has
        if lost and self.on_loss is not None:
            self.on_loss()

    def end(self, code: int, text: str) -> None:
        if not self.ended.done():
            self.ended.set_result((code, text.encode()[:MAX_REASON].decode(errors="ignore")))


class Viewing:
    """Those of this process, and their watch. `sent` and `received` count bytes to and from viewers."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.views: dict[str, View] = {}
        self.sent = 0
        self.received = 0
        self.refused = 0
        self._wake = asyncio.Event()
        self._desktops: set[str] = set()
        self._kept_at: datetime | None = None
        self._used_at: dict[str, datetime] = {}
        self._watch: asyncio.Task[None] | None = None
        kernel.tail.on_event(self._on_event)
        figures: dict[str, tuple[str, Any]] = {
            "toolcrib_desktop_views": ("Open views of desktops.", lambda: len(self.views)),
            "toolcrib_desktop_views_sent_bytes": ("Bytes sent to viewers.", lambda: self.sent),
            "toolcrib_desktop_views_received_bytes": ("Bytes read from viewers.", lambda: self.received),
            "toolcrib_desktop_views_refused": ("Views that were not opened.", lambda: self.refused),
        }
        kernel.figures.update(figures)

    async def add(self, view: View) -> None:
        """Have `view` watched; when this returns, its rights are known."""
        self.views[view.id] = view
        self._desktops.add(view.desktop)
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep_watch(), name="desktop views")
        await self._look([view])
        self._wake.set()

    async def remove(self, view: View, reason: str) -> None:
        """Forget a view that is over, and remove its row. If that fails, its lease runs out."""
        self.views.pop(view.id, None)
        self._desktops = {each.desktop for each in self.views.values()}
        await self.end_row(view.id, reason)

    async def end_row(self, view_id: str, reason: str) -> None:
        try:
            async with self.kernel.database.write() as session:
                await end_view(session, self.kernel.settings, view_id, reason=reason, now=self.kernel.clock())
        except Exception as error:  # noqa: BLE001 - whatever ails the database, the view is closed
            log.warning("desktop_view_not_ended", error=failure_in_words(error))

    async def close(self) -> None:
        if self._watch is not None:
            await end_tasks(self._watch)

    def _on_event(self, event: Event) -> None:
        if (event.kind == KIND and event.key in self._desktops) or (
            event.kind in IDENTITY_KINDS and self.views
        ):
            self._wake.set()

    async def _keep_watch(self) -> None:
        while True:
            if self.views:
                await set_within(self._wake, LOOK_SECONDS)
            else:
                await self._wake.wait()
            self._wake.clear()
            try:
                await self._look(list(self.views.values()))
                await self._keep()
            except Exception as error:  # noqa: BLE001 - the database will be back; ends that are known still count
                log.warning("desktop_views_not_watched", error=failure_in_words(error))
                self._drop_lapsed_control()
            now = self.kernel.clock()
            for view in list(self.views.values()):
                if view.ends_at is not None and view.ends_at <= now:
                    view.end(Closing.ENDED, "The time of this desktop is over.")

    def _drop_lapsed_control(self) -> None:
        """The leases of our views have run out: another process may have passed their control on."""
        if self._kept_at is not None and self.kernel.clock() - self._kept_at >= control.VIEW_LEASE:
            for view in self.views.values():
                view.set_control(False)

    # Looking

    async def _look(self, found: Sequence[View]) -> None:
        names = {view.desktop for view in found}
        now = self.kernel.clock()
        async with self.kernel.database.read() as session:
            held = await queries.find(session, [claims.c.kind == KIND, claims.c.key.in_(names)], now=now)
            query = select(controls).where(controls.c.desktop.in_(names))
            has = {row.desktop: row.view_id for row in await session.execute(query)}
            query = select(views).where(views.c.desktop.in_(names))
            rows = {row.id: row for row in await session.execute(query)}
            query = select(guests).where(guests.c.desktop.in_(names))
            invited = {(row.desktop, row.user_id): row.may_control for row in await session.execute(query)}
        by_name = {claim.key: claim for claim in held}
        for view in found:
            self._judge(view, by_name.get(view.desktop), rows, invited)
            may = has.get(view.desktop) == view.id and not view.view_only
            view.set_control(may and not view.ended.done())
        for view in found:
            await self._check_person(view)
        await self._demote(found, invited, now)
        await self._answer_late(found, rows, now)

    def _judge(
        self,
        view: View,
        claim: Claim | None,
        rows: Mapping[str, Row[Any]],
        invited: Mapping[tuple[str, int], bool],
    ) -> None:
        if claim is None or claim.fence != view.opened.fence:
            view.end(Closing.ENDED, "The desktop has ended.")
            return
        view.ends_at = claim.expires_at
        if view.id not in rows:
            view.end(Closing.REPLACED, "A newer view replaces this one.")
        elif view.role is Role.GUEST and (view.desktop, view.person.id) not in invited:
            view.end(Closing.DENIED, "You are no longer invited to this desktop.")

    async def _check_person(self, view: View) -> None:
        auth = self.kernel.auth
        if view.ended.done() or auth.is_current(view.person):
            return
        try:
            view.person = await auth.refresh(view.person)
        except Unauthorized:
            view.end(Closing.DENIED, "Your sign-in has ended.")
            return
        except OtpEnrolmentRequired as refused:
            view.end(Closing.DENIED, refused.detail)
            return
        if view.role is Role.ADMIN and not view.person.is_admin:
            view.end(Closing.DENIED, "You may not see this desktop any more.")

    async def _demote(
        self, found: Sequence[View], invited: Mapping[tuple[str, int], bool], now: datetime
    ) -> None:
        """Guests who may only look on from now on lose control."""
        for view in found:
            if view.role is not Role.GUEST or view.view_only or view.ended.done():
                continue
            if invited.get((view.desktop, view.person.id)):
                continue
            view.view_only = True
            view.set_control(False)
            view.rights.paste_in = False
            if view.rights.copy_out:  # which was agreed on with the desktop when it was opened
                view.end(Closing.REPLACED, "You may only look on from now on: open it again.")
            async with self.kernel.database.write() as session:
                mine = update(views).where(views.c.id == view.id)
                await session.execute(mine.values(view_only=True, asks_since=None))
                seconds = self.kernel.settings.desktop_ask_seconds
                await control.settle(session, view.desktop, now=now, ask_seconds=seconds)

    async def _answer_late(self, found: Sequence[View], rows: Mapping[str, Row[Any]], now: datetime) -> None:
        """Those who asked for control and had no answer in time have one now."""
        seconds = self.kernel.settings.desktop_ask_seconds
        for view in found:
            row = rows.get(view.id)
            if row is None or row.asks_since is None or control.asks(row, now, seconds):
                continue
            async with self.kernel.database.write() as session:
                query = select(desktops).where(desktops.c.name == view.desktop)
                desktop = (await session.execute(query)).first()
                if desktop is not None:
                    await control.end_ask(session, desktop, row, actor=None, now=now)

    # Keeping

    async def _keep(self) -> None:
        now = self.kernel.clock()
        used = {
            view.desktop
            for view in self.views.values()
            if view.has_input
            and now - self._used_at.get(view.desktop, datetime.min.replace(tzinfo=now.tzinfo)) >= USED
        }
        is_due = self._kept_at is None or now - self._kept_at >= KEEP
        if used:
            async with self.kernel.database.short_write() as connection:
                where = update(desktops).where(desktops.c.name.in_(used))
                await connection.execute(where.values(seen_at=now))
            self._used_at = {name: at for name, at in self._used_at.items() if name in self._desktops}
            self._used_at |= dict.fromkeys(used, now)
            for view in self.views.values():
                view.has_input &= view.desktop not in used
        if not is_due:
            return
        async with self.kernel.database.short_write() as connection:
            await connection.execute(
                update(views).where(views.c.id.in_(list(self.views))).values(seen_at=now)
            )
        self._kept_at = now
        async with self.kernel.database.read() as session:
            is_stale = await has_stale(session, now=now)
        if is_stale:
            async with self.kernel.database.write() as session:
                await end_stale(session, self.kernel.settings, now=now)


def viewing_of(kernel: Kernel) -> Viewing:
    found: Viewing = kernel.kinds[NAME]
    return found
