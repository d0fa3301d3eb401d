"""Find what the log has about a path, also from when a document had another name, or before it was destroyed."""

from __future__ import annotations

from toolcrib.documents.audit import known_at
from toolcrib.documents.caller import Caller
from toolcrib.documents.paths import Place
from toolcrib.documents.service.locks import FOLDER
from toolcrib.documents.service.lookup import Documents, at

# More documents than these have had one path only where programs keep making files there.
FILES_MAX = 50


async def event_keys(docs: Documents, caller: Caller, place: Place) -> list[str]:
    """Return the keys of events about `place`: the ids of the document that is there and of those that were, the latest
    first, then the keys of a folder there and of its locks.

    Raises:
        AccessDenied: the caller may not read there (403).
    """
    await docs.access.require(caller, place.bucket, "read", path=place.path)
    async with docs.kernel.database.read() as session:
        file = await at(session, place)
        earlier = await known_at(session, place.address, FILES_MAX)
    files = [file.id] if file is not None else []
    return [*dict.fromkeys([*files, *earlier]), place.location, FOLDER + place.location]
