"""Mail about versions: to those who must decide, and to whoever submitted what was decided."""

from __future__ import annotations

from collections.abc import Sequence

from toolcrib.documents.access import allows
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.messages import noticed
from toolcrib.kernel.notify.hearing import Hearing, Listener
from toolcrib.kernel.notify.rules import Mail, Rule, Telling, said, thing

DONE = {"approved": "Approved", "rejected": "Rejected"}


async def deciders(hearing: Hearing, scope: str) -> list[Listener]:
    """Return who is asked to decide about versions in `scope`: the admins and owners of a project, the owners of a
    company, or all its people if it has none. What everybody may decide about, an unregistered project, nobody is asked
    for; nor is a server's administrator, who may decide everywhere, only because of that."""
    family, _, name = scope.partition(":")
    people = await hearing.audience(scope)
    if family == "company":
        members = [who for who in people if who.me.company_id == name]
        return [who for who in members if who.me.company_role == "owner"] or members
    if family != "project":
        return []
    return [who for who in people if allows(who.me.projects.get(name), "validate", registered=True)]


async def _submitted(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails: list[Mail] = []
    for event in together:
        what, why = thing(event), said(event, "changelog")
        message = noticed(
            f"Waits for your approval: {what}",
            f"{event.actor or 'Somebody'} submitted version {event.data.get('version_number', '')}.",
            [("Document", what), *([("Changes", why)] if why else [])],
            hearing.url,
        )
        people, submitter = await deciders(hearing, event.scope), await hearing.uuid_of(event.actor)
        mails += [(who.email, message) for who in people if who.me.uuid != submitter]
    return mails


async def _decided(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails: list[Mail] = []
    for event in together:
        author = await hearing.by_uuid(said(event, "submitted_by"), event.scope)
        if author is None or author.me.uuid == await hearing.uuid_of(event.actor):
            continue
        what, comment = thing(event), said(event, "comment")
        message = noticed(
            f"{DONE[event.verb]}: {what}",
            f"{event.actor or 'Somebody'} {event.verb} your version {event.data.get('version_number', '')}.",
            [("Document", what), *([("Comment", comment)] if comment else [])],
            hearing.url,
        )
        mails.append((author.email, message))
    return mails


TELLING = Telling(
    rules=(Rule(frozenset({"committed"}), _submitted), Rule(frozenset(DONE), _decided)),
)
