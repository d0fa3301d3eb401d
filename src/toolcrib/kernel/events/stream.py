"""The event log as a live stream of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.archives import archived_through
from toolcrib.kernel.events.audiences import Subscription
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import PAGE, refreshed
from toolcrib.kernel.problems import Problem

log = structlog.get_logger()

# For clients that reconnect by themselves and ignore the message `end`.
RETRY_MS = 60_000


async def stream(
    kernel: Kernel, me: Principal, kinds: frozenset[str] | None, after: int | None
) -> AsyncIterator[bytes]:
    """Yield what was committed after event `after`, or from now on, until the reader leaves or may not stay."""
    subscription = kernel.tail.subscribe(me, kinds)
    try:
        start = subscription.start
        # If `after` is past the end of the log (the database was replaced), start at the end.
        resume = start if after is None or after > start else after
        yield b'event: hello\ndata: {"seq":%d}\n\n' % resume
        async for page in _replay(kernel, subscription, resume):
            yield page
        while not subscription.closed:
            batches = await subscription.get(kernel.settings.stream_heartbeat_seconds)
            # Events were queued by the rights the reader had then; look again if they have others now.
            me = await refreshed(kernel, me)
            if kernel.tail.set_reader(subscription, me):
                found = [event for batch in batches for event in batch.events if subscription.wants(event)]
                yield b"".join(event.sse for event in found) or b": still here\n\n"
            else:
                yield b"".join(batch.sse for batch in batches) or b": still here\n\n"
        if subscription.ended_because is not None:
            yield _end(subscription.ended_because, kernel.settings.streams_per_person)
    except Problem:
        return  # signed out, disabled or removed: the stream ends, and reconnecting is refused
    except (SQLAlchemyError, OSError) as error:
        log.warning("event_stream_ended", error=failure_in_words(error))  # the reader connects again
    finally:
        kernel.tail.unsubscribe(subscription)


async def _replay(kernel: Kernel, subscription: Subscription, after: int) -> AsyncIterator[bytes]:
    """Yield the events after `after` that were there when the subscription began, in pages, and `gap` before a page
    in which some may be missing."""
    told = 0
    while after < subscription.start and not subscription.closed:
        async with kernel.turns.turn(subscription.reader.uuid):
            async with kernel.database.read() as session:
                page = await event_log.read_after(session, after, PAGE)
                # After the page: whatever was moved away before it was read is known by then.
                moved = await archived_through(session)
            kernel.tail.set_reader(subscription, await refreshed(kernel, subscription.reader))
            found = [event for event in page if event.seq <= subscription.start and subscription.wants(event)]
            text = b"".join(event.sse for event in found)
        if moved > max(after, told):
            told = moved
            yield b'event: gap\ndata: {"archived_through":%d}\n\n' % moved
        if not page:
            return
        after = page[-1].seq
        yield text


def _end(reason: str, most: int) -> bytes:
    detail = f"A newer stream of yours replaces this one: a person may have at most {most}."
    data = orjson.dumps({"reason": reason, "detail": detail})
    return b"retry: %d\nevent: end\ndata: %b\n\n" % (RETRY_MS, data)
