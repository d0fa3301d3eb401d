"""Carrying groups of commands out in a transaction, and telling the kinds that have a hook.

A hook is called for every change of a claim of its kind, after the claim's row was written. It may refuse by raising
a `Problem`, which whoever asked gets. If it crashes, the crash is logged and they get a 500. Either way its own
group alone is rolled back.

Some changes nobody can refuse: the end of a claim whose time ran out or whose holder's account ended, the turn of
whoever is next in the queue, and what a server does at its start. They happen whatever the hook does. When it raises
there, only its own statements are rolled back, and its call is owed: see `owed.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, NestedTransaction

from toolcrib.kernel.claims.changes import Change, Hook, Hooks, Inserts, Together
from toolcrib.kernel.claims.commands import Acquire, Group
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.owed import log_failure, owe, owed_for, pay
from toolcrib.kernel.claims.rules import ClaimRules
from toolcrib.kernel.claims.statements import read_rules, write_changes
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.problems import Problem

log = structlog.get_logger()


@dataclass(slots=True)
class Outcome:
    """What became of one group: its claims in the order of its commands, or why it was refused."""

    claims: list[Claim | None]
    problem: Problem | None = None


class HookFailed(Problem):
    """The kind of the claim could not take part in the change, so it was not made."""

    def __init__(self, change: Change) -> None:
        super().__init__(
            f"{change.claim.label} could not be changed: the server failed to carry it out. Try again."
        )


def carry_out(
    connection: Connection,
    events: EventWriter,
    groups: Sequence[Group],
    now: datetime,
    hooks: Hooks,
    *,
    is_last: bool = False,
) -> list[Outcome]:
    """Carry out `groups` in order, each all or nothing, and write what changed. The caller commits. If that `is_last`,
    so that nothing reads what kinds with a hook write before the events are written, it may be left to be written
    together with those."""
    hooked = hooks.keys() & {command.ref.kind for group in groups for command in group.commands}
    commands = [group.commands for group in groups]
    rules = read_rules(connection, events, commands, now, hooked)
    if hooked and _only_takes(rules, groups, hooks):
        together = _take_together(connection, rules, groups, hooks, is_last=is_last)
        if together is not None:
            return together
        rules = read_rules(connection, events, commands, now, hooked)
    outcomes = []
    for group in groups:
        if hooked and any(command.ref.kind in hooked for command in group.commands):
            outcomes.append(_carry_out_hooked(connection, rules, group, hooks))
            continue
        try:
            outcomes.append(Outcome(rules.run_group(group)))
        except Problem as problem:
            outcomes.append(Outcome([], problem))
    write_changes(connection, rules, is_last=True)
    return outcomes


def _only_takes(rules: ClaimRules, groups: Sequence[Group], hooks: Hooks) -> bool:
    """Return whether all that is asked for is what nobody holds, of kinds that can be told of many at once."""
    return not (rules.claims or rules.waiters) and all(
        isinstance(command, Acquire) and isinstance(hooks.get(command.ref.kind), Together)
        for group in groups
        for command in group.commands
    )


def _take_together(
    connection: Connection, rules: ClaimRules, groups: Sequence[Group], hooks: Hooks, *, is_last: bool
) -> list[Outcome] | None:
    """Carry out such groups, and tell their kinds of all of them at once. Returns None if that raises, and has then
    changed nothing in the database or the log; the rules are not to be used any more."""
    lines = len(rules.events.lines)
    outcomes: list[Outcome] = []
    changes: dict[str, list[Change]] = {}
    for group in groups:
        try:
            outcomes.append(Outcome(rules.try_group(group)))
        except Problem as problem:
            outcomes.append(Outcome([], problem))
        for change in _taken(rules):
            changes.setdefault(change.event.kind, []).append(change)
        rules.keep_group()
    savepoint = None
    try:
        inserts = [each for kind, new in changes.items() for each in _rows_of(hooks[kind], new)]
        if is_last:
            write_changes(connection, rules, is_last=True)
            rules.events.rows += inserts
        else:
            savepoint = connection.begin_nested()
            _write(connection, rules)
            for statement, rows in inserts:
                statement.run(connection, rows)
    except Exception as error:  # noqa: BLE001 - it is told again, one by one, and then refused or logged
        if savepoint is not None:
            _roll_back(connection, savepoint, error)
        rules.events.truncate(lines)
        return None
    if savepoint is not None:
        savepoint.commit()
    for change in (each for new in changes.values() for each in new):
        rules.events.nudges |= change.nudges
    return outcomes


def _rows_of(hook: Hook, new: Sequence[Change]) -> Inserts:
    return hook.new(new) if isinstance(hook, Together) else ()


def _carry_out_hooked(connection: Connection, rules: ClaimRules, group: Group, hooks: Hooks) -> Outcome:
    """Carry out a group that may concern kinds with a hook."""
    rules.end_what_is_over(group)
    _write(connection, rules)  # with what earlier groups changed: the group's savepoint must not cover it
    for change in _taken(rules):
        _tell_or_owe(connection, rules, change, hooks)
    try:
        claims = rules.try_group(group)
    except Problem as problem:
        return Outcome([], problem)
    changes = _taken(rules)
    if not changes:
        rules.keep_group()
        return Outcome(claims)
    savepoint = connection.begin_nested()
    _write(connection, rules)
    for change in changes:
        if not change.refusable:
            _tell_or_owe(connection, rules, change, hooks)
            continue
        error = _tell(connection, change, hooks)
        if error is not None:
            _roll_back(connection, savepoint, error)
            rules.undo_group()
            rules.was_written()
            if isinstance(error, Problem):
                return Outcome([], error)
            return Outcome([], HookFailed(change))
    savepoint.commit()
    rules.keep_group()
    for change in changes:
        rules.events.nudges |= change.nudges
    return Outcome(claims)


def _write(connection: Connection, rules: ClaimRules) -> None:
    write_changes(connection, rules)
    rules.was_written()


def _taken(rules: ClaimRules) -> list[Change]:
    changes, rules.changes = rules.changes, []
    return changes


def _tell(connection: Connection, change: Change, hooks: Hooks) -> Exception | None:
    """Call the hook, after what it is still owed about this claim. Returns what it raised; a crash is logged."""
    telling = change
    try:
        for telling in owed_for(connection, change):
            hooks[telling.event.kind](connection, telling)
            pay(connection, telling)
            change.nudges.update(telling.nudges)
        telling = change
        hooks[change.event.kind](connection, change)
    except Exception as error:  # noqa: BLE001 - whatever ails a kind, it must not stop the others
        if isinstance(error, Problem) and telling is change and change.refusable:
            return error
        log_failure(telling, error)
        return error if telling is change and not isinstance(error, Problem) else HookFailed(telling)
    return None


def _tell_or_owe(connection: Connection, rules: ClaimRules, change: Change, hooks: Hooks) -> None:
    savepoint = connection.begin_nested()
    error = _tell(connection, change, hooks)
    if error is None:
        savepoint.commit()
        rules.events.nudges |= change.nudges
        return
    _roll_back(connection, savepoint, error)
    owe(connection, change, error, rules.now)


def _roll_back(connection: Connection, savepoint: NestedTransaction, error: Exception) -> None:
    """Raises whatever shows that the transaction itself is lost, and with it everything."""
    if connection.invalidated:
        raise error
    savepoint.rollback()
