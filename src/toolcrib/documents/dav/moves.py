"""Carry out COPY and MOVE after their checks; on the event loop, since copying content may take long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from toolcrib.documents.dav.addresses import href
from toolcrib.documents.dav.request import CopyOrMove, WebDAVRequest
from toolcrib.documents.errors import TooManyTransfers
from toolcrib.documents.paths import Place
from toolcrib.documents.service import moving, transfers
from toolcrib.documents.service.content import ClientCheck
from toolcrib.documents.service.lookup import at
from toolcrib.documents.service.transfers import Onto, Order

# Copies of folders, or between buckets, per person and process. rclone runs this many at once by default.
MAX_TRANSFERS = 4

_under_way: Counter[str] = Counter()


async def copy_or_move(
    dav: WebDAVRequest, asked: CopyOrMove, client_check: ClientCheck
) -> list[tuple[str, int, str]]:
    """Copy or move. If anything could not be copied, nothing is done, and each such file is returned as
    (href, status, description)."""
    order = asked.order
    if order.onto is Onto.FILE and order.is_move and await _is_old_backup(dav, order):
        order = replace(order, onto=Onto.REPLACED)
    if order.is_move and order.stays_in_bucket and order.onto is not Onto.FILE:
        await _rename(dav, order)
        return []
    with _limit_transfers(dav.caller.me.uuid, is_long=order.is_folder or not order.stays_in_bucket):
        refused = await transfers.transfer(dav.docs, dav.caller, order, client_check, now=dav.now)
    return [
        (_href(dav, asked, place), problem.status, f"{problem.detail} Nothing was copied.")
        for place, problem in refused
    ]


@contextmanager
def _limit_transfers(who: str, *, is_long: bool) -> Iterator[None]:
    """Count a long transfer of the person `who` while it runs.

    Raises:
        TooManyTransfers: as many as allowed already run for them in this process (429).
    """
    if is_long and _under_way[who] >= MAX_TRANSFERS:
        raise TooManyTransfers(
            f"{MAX_TRANSFERS} of your copies are running: try again when one has ended.",
            headers={"Retry-After": "5"},
        )
    _under_way[who] += is_long
    try:
        yield
    finally:
        _under_way[who] -= is_long
        if not _under_way[who]:
            del _under_way[who]


async def _rename(dav: WebDAVRequest, order: Order) -> None:
    docs, caller, now = dav.docs, dav.caller, dav.now
    replaces = order.onto is Onto.REPLACED
    if order.is_folder:
        await moving.move_folder(docs, caller, order.source, order.target, replace=replaces, now=now)
    else:
        await docs.access.require(caller, order.source.bucket, "delete", path=order.source.path)
        await moving.move_file(docs, caller, order.source, order.target, replace=replaces, now=now)


async def _is_old_backup(dav: WebDAVRequest, order: Order) -> bool:
    """Whether a document is moved onto the backup that its program made of it before."""
    async with dav.docs.kernel.database.read() as session:
        file, backup = await at(session, order.source), await at(session, order.target)
    return file is not None and backup is not None and backup.backup_of == file.id


def _href(dav: WebDAVRequest, asked: CopyOrMove, place: Place) -> str:
    inside = place.path[len(asked.order.source.path) :].lstrip("/")
    return href(dav.mount, f"{asked.path.rstrip('/')}/{inside}", folder=False)
