"""What the commands of every kind do with a claim: find it, show it, release, renew or transfer it, wait for it.

The server decides what a person may do with a claim. Each claim says so: `can` tells for each verb whether it is
allowed now, and `cannot` has a sentence for each verb that is not. A refused request carries the same sentence.
Commands show it and know no rules themselves.
"""

import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from toolcrib.cli.core import output
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.durations import local, parse_moment, since, span, until
from toolcrib.cli.core.event_stream import follow
from toolcrib.cli.core.failures import Failure, Unreachable
from toolcrib.cli.core.repository import same_path
from toolcrib.cli.core.waiting import Place, ending_by_exception

Claim = dict[str, Any]
Taken = TypeVar("Taken")

# What a holder does with a claim, and what others do about it.
HOLDER_VERBS = ("release", "renew", "transfer")
OTHERS_VERBS = ("wait", "ask")
RETRY_SECONDS = 1.0
# The events after which whoever waits may have got the thing, or have lost the place.
IN_LINE = ("acquired", "transferred", "unqueued")
DEFAULT_PROJECT = "project:default"


def holder_line(what: str, details: dict[str, Any], now: datetime | None = None) -> str:
    """Say in one line for a person who holds `what`, since and until when, why, and where to look.

    `details` is a claim, a lock, or the details of a refusal.
    """
    at = now or datetime.now(UTC)
    sentence = f"{what} is held by {details.get('holder') or details.get('locked_by')}"
    if details.get("holder_disabled"):
        sentence += " (their account is disabled)"
    if begun := parse_moment(details.get("since") or details.get("timestamp") or details.get("acquired_at")):
        sentence += f" since {local(begun, at)} ({span(at - begun)})"
    ends = parse_moment(details.get("until") or details.get("expires_at"))
    sentence += f", until {local(ends, at)} (in {span(ends - at)})" if ends else ""
    if comment := details.get("comment"):
        sentence += f": {comment}"
    waiting = details.get("queue")
    if isinstance(waiting, int) and waiting:
        sentence += f" ({waiting} waiting)"
    if url := details.get("url"):
        sentence += f"\n  {url}"
    return sentence


def name_of(claim: Claim) -> str:
    """Return the name of the held thing for people."""
    return str(claim.get("label") or claim["key"])


def scope_name(scope: str) -> str:
    """Return the scope as people say it: `game` for `project:game`."""
    return scope.partition(":")[2] or scope


def print_claims(claims: Iterable[Claim], *, empty: str) -> None:
    """Print claims as a table, or the sentence `empty` when there are none."""
    now = datetime.now(UTC)
    rows = [
        (
            name_of(one),
            one["kind"],
            scope_name(one.get("scope") or ""),
            since(one["acquired_at"], now),
            until(one.get("expires_at"), now),
            one.get("queue") or "",
            one.get("comment"),
        )
        for one in claims
    ]
    output.print_table(("What", "Kind", "In", "Since", "Until", "Waiting", "Comment"), rows, empty=empty)


def find_claims(api: ApiClient, names: Collection[str], *, kind: str | None = None) -> list[Claim]:
    """Return the claims on the things with one of these keys or labels, whoever holds them."""
    found: dict[int, Claim] = {}
    for name in sorted(names):
        for claim in api.all_pages("/claims", "claims", q=name, kind=kind):
            if claim["key"] in names or claim.get("label") in names:
                found[claim["fence"]] = claim
    return list(found.values())


def find_by_file_name(api: ApiClient, name: str, *, kind: str | None = None) -> list[Claim]:
    """Return the claims on things whose path ends with this file name, or whose label does, of every scope."""
    found = api.all_pages("/claims", "claims", kind=kind)
    return [claim for claim in found if name in (_file_name(claim["key"]), _file_name(name_of(claim)))]


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def find_claim(api: ApiClient, name: str, *, kind: str) -> Claim:
    """Return the claim on one thing.

    Raises:
        Failure: nobody holds it.
    """
    for claim in find_claims(api, {name}, kind=kind):
        return claim
    raise Failure(f"Nobody holds {name}.", code="not_held")


def reasons(claim: Claim, verbs: Iterable[str]) -> dict[str, str]:
    """Return the server's sentence for each of these verbs that the caller may not use on the claim now."""
    cannot = claim.get("cannot") or {}
    return {verb: str(cannot[verb]) for verb in verbs if cannot.get(verb)}


def is_callers(context: Context, details: Any) -> bool:
    """Return whether the details of a refusal name the caller as the holder.

    While one waits in the queue this means that the claim has arrived.
    """
    return isinstance(details, dict) and context.is_caller(details.get("holder"))


def release(api: ApiClient, claim: Claim) -> Any:
    """Release the caller's own claim."""
    return api.post(f"/claims/{claim['fence']}/release")


def force_release(api: ApiClient, claim: Claim, reason: str) -> Any:
    """End somebody else's claim. The holder reads the reason."""
    return api.post(f"/claims/{claim['fence']}/force-release", {"reason": reason})


def renew(api: ApiClient, claim: Claim, seconds: int | None) -> Any:
    """Move the end of a claim to `seconds` from now; None means no end."""
    return api.post(f"/claims/{claim['fence']}/renew", {"ttl_seconds": seconds})


def transfer(api: ApiClient, claim: Claim, to: str, comment: str | None = None) -> Any:
    """Hand a claim over to another person. The thing is not free in between."""
    body = {"to": to, **({"comment": comment} if comment is not None else {})}
    return api.post(f"/claims/{claim['fence']}/transfer", body)


def give_up(api: ApiClient, taken: Claim | None, answer: dict[str, Any]) -> None:
    """Give back what a request for a place in line brought: the thing, or the place."""
    if taken is not None:
        api.post(f"/claims/{taken['fence']}/release")
    else:
        api.delete(f"/claims/waiting/{answer['waiter_id']}")


def wait_for(
    context: Context,
    what: str,
    *,
    kind: str,
    key: str,
    ask: Callable[[], tuple[Taken | None, dict[str, Any]]],
    leave: Callable[[], None],
    timeout_seconds: int | None,
) -> tuple[Taken | None, dict[str, Any]]:
    """Stand in the queue for the thing (`kind`, `key`) until it is the caller's.

    `ask` takes the thing or a place in the queue; called again, it keeps the one or the other. It returns the thing if
    it was taken, and the server's answer, with `held` (who holds it) and the place. Its request says what `as_program`
    returns: the place is a lease, which is renewed here, and the thing is confirmed when it comes.

    Whoever cannot wait to the end leaves the line: when the time is over, on every error, and on the signals that end
    a program. Where the server did not tell us the place, `leave` gives it up, or the thing if it was taken.

    Returns what `ask` returned last: the thing is None when the time was over first.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    place = Place(context)

    def take() -> tuple[Taken | None, dict[str, Any]]:
        taken, answer = ask()
        if taken is not None and place.confirm():
            taken, answer = ask()  # with the end it has now; or it has passed on meanwhile
        place.note(answer)
        return taken, answer

    def take_if_reached() -> tuple[Taken | None, dict[str, Any]] | None:
        """As `take`, or None while the server cannot be reached: its outage ends nobody's wait."""
        try:
            return take()
        except Unreachable:
            return None

    def is_over() -> bool:
        return deadline is not None and time.monotonic() >= deadline

    with ending_by_exception() as ignore_signals:
        try:
            # Read the end of the log before asking, because the thing may become ours between asking and listening.
            after = context.api.get("/events", limit=1)["last_seq"]
            taken, answer = take()
            if taken is not None:
                return taken, answer
            output.warn(holder_line(what, answer["held"]))
            if is_callers(context, answer["held"]):
                output.warn("Another program of your account took it.")
            output.warn(f"Waiting in line, place {answer['position']}. Ctrl-C gives up.")
            for event in follow(context.api, after=after, deadline=deadline, patient=True, kind=kind):
                # None: nothing happened for a while, or the connection was lost. The place may have lapsed.
                if event is None or (same_path(event["key"], key) and event["verb"] in IN_LINE):
                    while (found := take_if_reached()) is None and not is_over():
                        time.sleep(RETRY_SECONDS)
                    taken, answer = found or (None, answer)
                if taken is not None:
                    return taken, answer
        except BaseException:
            ignore_signals()
            place.leave_or(leave)
            raise
        finally:
            place.close()
        ignore_signals()
        place.leave_or(leave)
    return None, answer
