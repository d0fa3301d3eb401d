"""The state of one WebDAV request that WsgiDAV's threads need: the caller, the time, and access to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from toolcrib.documents.access import Action, Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.transfers import Order

Result = TypeVar("Result")
KEY = "toolcrib.dav"
INTENT = "toolcrib.intent"
# What a COPY or MOVE found at its destination (None: nothing), and the path of that.
DESTINATION = "toolcrib.destination"
ASKED = "toolcrib.asked"
# A file with the body of the answer, where that may be of any length.
SPOOLED = "toolcrib.spooled"
Environ = dict[str, Any]


@dataclass(slots=True)
class WebDAVRequest:
    docs: Documents
    caller: Caller
    now: datetime
    loop: asyncio.AbstractEventLoop
    mount: str
    own_hosts: frozenset[str]
    rights: dict[tuple[Bucket, Action], Right] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the event loop and wait for its result. Called from a thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def right(self, bucket: Bucket, action: Action) -> Right:
        """Return the caller's right to `action` in `bucket`, looked up once per request.

        Raises:
            AccessDenied: the caller may not (403).
        """
        found = self.rights.get((bucket, action))
        if found is None:
            found = self.run(self.docs.access.require(self.caller, bucket, action))
            self.rights[bucket, action] = found
        return found


@dataclass(frozen=True, slots=True)
class Send:
    """The content of `file` is to be sent, on the event loop."""

    file: File


@dataclass(frozen=True, slots=True)
class Upload:
    """Content is to be received for `place`, where the caller has the `right` to write.

    `locks` maps the digest of each claim whose token was shown to its fence. `base_id` is the version that the
    request's conditions were compared with; `is_new` means that there was no file. These are checked again after the
    content has arrived. `is_lost` means that the request showed the token of a lock that has ended.
    """

    place: Place
    path: str
    right: Right
    locks: dict[str, int] = field(default_factory=dict)
    base_id: str | None = None
    is_new: bool = False
    is_lost: bool = False
    request_key: str | None = None


@dataclass(frozen=True, slots=True)
class CopyOrMove:
    """The file or folder at `path` is to be copied or moved, on the event loop."""

    order: Order
    path: str


def request_of(environ: Environ) -> WebDAVRequest:
    found: WebDAVRequest = environ[KEY]
    return found
