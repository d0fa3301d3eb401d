"""The claim rules' way from and to the database: plain Core, the same statements for both doors.

Whoever calls holds the write lock, so nothing read here changes before the commit. The primary key stands behind that:
two live claims on one thing are impossible even for a program that ignores the write lock.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Connection, bindparam, delete, insert, update

from toolcrib.kernel.claims.commands import NEEDS_WAITERS, Acquire, Command
from toolcrib.kernel.claims.models import Claim, Waiter, claim_waiters, claims
from toolcrib.kernel.claims.rules import ClaimRules
from toolcrib.kernel.driver_statements import DIALECTS, DriverStatement, Row, select_listed
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.long_work import ROWS, pieces

_CLAIM_FIELDS = [column.name for column in claims.c]
_WAITER_FIELDS = [column.name for column in claim_waiters.c]
_THAT_ONE = ["b_digest", "b_fence"]
_is_that_one = (claims.c.digest == bindparam("b_digest")) & (claims.c.fence == bindparam("b_fence"))
_INSERT = DriverStatement(insert(claims), *_CLAIM_FIELDS)
_UPDATE = DriverStatement(
    update(claims).where(_is_that_one).values({name: bindparam(name) for name in _CLAIM_FIELDS}),
    *_CLAIM_FIELDS,
    *_THAT_ONE,
)
_DELETE = DriverStatement(delete(claims).where(_is_that_one), *_THAT_ONE)
_INSERT_WAITER = DriverStatement(insert(claim_waiters), *_WAITER_FIELDS)
_UPDATE_WAITER = DriverStatement(
    update(claim_waiters)
    .where(claim_waiters.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in _WAITER_FIELDS}),
    *_WAITER_FIELDS,
    "b_id",
)
_DELETE_WAITER = DriverStatement(delete(claim_waiters).where(claim_waiters.c.id == bindparam("b_id")), "b_id")
_OF_CLAIM = [claims.c[name] for name in Claim.__slots__]
_FIND = {
    dialect: (
        select_listed(_OF_CLAIM, claims.c.digest, dialect),
        select_listed([claim_waiters.c[name] for name in Waiter.__slots__], claim_waiters.c.digest, dialect),
        # One statement, because each more is a trip to the server with the write lock held.
        select_listed(_OF_CLAIM, claims.c.digest, dialect).union_all(
            select_listed(_OF_CLAIM, claims.c.folded, dialect, "folded")
        ),
    )
    for dialect in DIALECTS
}
_row = attrgetter(*_CLAIM_FIELDS)
_waiter_row = attrgetter(*_WAITER_FIELDS)
_that_one = attrgetter("digest", "fence")


class LostRow(RuntimeError):
    """A row changed while we held the write lock: some program wrote claims without it."""


def read_rules(
    connection: Connection,
    events: EventWriter,
    groups: Iterable[Sequence[Command]],
    now: datetime,
    hooked: Container[str] = (),
) -> ClaimRules:
    find_claims, find_waiters, find_spellings = _FIND[connection.dialect.name]
    commands = [command for group in groups for command in group]
    digests = list({command.ref.digest for command in commands})
    folded = {
        command.ref.digest: command.ref.folded
        for command in commands
        if isinstance(command, Acquire) and command.alone and command.ref.folded is not None
    }
    by_digest: dict[str, Claim] = {}
    for chunk in pieces(digests, ROWS):
        spellings = [folded[digest] for digest in chunk if digest in folded]
        if spellings:
            rows = connection.execute(find_spellings, {"listed": chunk, "folded": spellings})
        else:
            rows = connection.execute(find_claims, {"listed": chunk})
        by_digest.update((claim.digest, claim) for claim in (Claim(*row) for row in rows))
    found = list(by_digest.values())
    # The usual batch acquires what is free: nobody can be waiting, so nobody is looked for.
    asking = {command.ref.digest for command in commands if isinstance(command, NEEDS_WAITERS)}
    asking.update(claim.digest for claim in found)
    waiting: list[Waiter] = []
    for chunk in pieces(list(asking), ROWS):
        waiting += [Waiter(*row) for row in connection.execute(find_waiters, {"listed": chunk})]
    return ClaimRules(found, waiting, events, now, hooked)


def write_changes(connection: Connection, rules: ClaimRules, *, is_last: bool = False) -> None:
    """Write what the rules changed since it was read or last written. If that `is_last` before the commit, new claims
    are left to the event writer: it writes them together with their events."""
    before, after = rules.read_claims, rules.claims
    gone = [claim for digest, claim in before.items() if digest not in after]
    fresh = [claim for digest, claim in after.items() if digest not in before]
    moved = [
        (before[digest], claim) for digest, claim in after.items() if before.get(digest, claim) is not claim
    ]
    if gone:
        _each_one(connection, _DELETE, [_that_one(claim) for claim in gone])
    if moved:
        _each_one(connection, _UPDATE, [_row(new) + _that_one(old) for old, new in moved])
    if fresh and is_last:
        rules.events.rows.append((_INSERT, [_row(claim) for claim in fresh]))
    elif fresh:
        _INSERT.run(connection, [_row(claim) for claim in fresh])
    if rules.read_waiters or rules.waiters:
        _write_waiters(connection, rules)


def _write_waiters(connection: Connection, rules: ClaimRules) -> None:
    waiting = {waiter.id: waiter for queue in rules.waiters.values() for waiter in queue}
    left = [(id_,) for id_ in rules.read_waiters if id_ not in waiting]
    came = [waiter for id_, waiter in waiting.items() if id_ not in rules.read_waiters]
    moved = [waiter for id_, waiter in waiting.items() if rules.read_waiters.get(id_, waiter) is not waiter]
    if left:
        _DELETE_WAITER.run(connection, left)
    if came:
        _INSERT_WAITER.run(connection, [_waiter_row(waiter) for waiter in came])
    if moved:
        _UPDATE_WAITER.run(connection, [(*_waiter_row(waiter), waiter.id) for waiter in moved])


def _each_one(connection: Connection, statement: DriverStatement, rows: Sequence[Row]) -> None:
    """Run a guarded statement per row; drivers that can tell must say that each met its row."""
    for piece in pieces(rows, ROWS):
        result = statement.run(connection, piece)
        if connection.dialect.supports_sane_multi_rowcount and result.rowcount != len(piece):
            raise LostRow("claims changed outside the write lock")
