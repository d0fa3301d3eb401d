"""Set up taskiq. Imported late, and off the event loop, because it imports an HTTP client, and with Redis takes some 20
MB."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import structlog
from taskiq import AckableMessage, AsyncBroker, InMemoryBroker
from taskiq.receiver import Receiver

if TYPE_CHECKING:
    from asyncio import Event
from toolcrib.kernel.redis_health import redis_failure

log = structlog.get_logger()

STREAM = "toolcrib:jobs"
STREAM_LENGTH = 10_000
CONNECT_SECONDS = 0.5
# XREADGROUP waits this long for a message; the socket must wait longer.
BLOCK_MILLISECONDS = 2_000
SOCKET_SECONDS = 10
PARALLEL_RUNS = 20


def local_broker() -> AsyncBroker:
    """Return a broker that runs a job in the sending process; sending returns when the job has run."""
    return InMemoryBroker(await_inplace=True)


def redis_broker(url: str) -> AsyncBroker:
    """Return a broker with one stream that all processes read as one group: each message goes to one of them."""
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from taskiq_redis import RedisStreamBroker  # noqa: PLC0415

    return RedisStreamBroker(
        url,
        queue_name=STREAM,
        consumer_group_name=STREAM,
        consumer_name=f"{socket.gethostname()}-{os.getpid()}",
        consumer_id="0",  # read messages sent before the group existed, too
        xread_block=BLOCK_MILLISECONDS,
        maxlen=STREAM_LENGTH,
        unacknowledged_lock_timeout=60,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


async def listen(broker: AsyncBroker, stop: Event) -> None:
    """Run the jobs that arrive until `stop` is set. Raises when the connection to Redis is lost.

    Starting up declares the consumer group, so a Redis that lost its data gets it again.
    """
    await _Listener(broker, max_async_tasks=PARALLEL_RUNS).listen(stop)


class _Listener(Receiver):
    async def callback(self, message: bytes | AckableMessage, raise_err: bool = False) -> None:
        try:
            await super().callback(message, raise_err)
        except Exception as error:  # noqa: BLE001 - the job has run; Redis may have somebody run it again
            log.warning("job_not_acknowledged", error=redis_failure(error))
