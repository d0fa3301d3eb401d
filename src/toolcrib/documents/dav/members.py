"""Write the response to PROPFIND with Depth 1, which may list any number of files.

WsgiDAV would build one XML tree of it. Here each member becomes text as soon as it is read, and a long response is kept
in a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import tostring

from wsgidav import util
from wsgidav.xml_tools import make_multistatus_el

from toolcrib.documents.service.listing_room import Listing, ListingRoom

_HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">'
_TAIL = b"</D:multistatus>"


def spool(
    room: ListingRoom, person: str, pages: Iterable[Iterable[Any]], mode: str, names: list[str]
) -> Listing:
    """Write the multistatus of all resources in `pages` for the person with this UUID; the caller closes it. `mode` and
    `names` are those of `get_properties`.

    Raises:
        ListingTooLarge, ListingsBusy: there is no room for it (507, 503).
    """
    listing = Listing(room, person)
    try:
        listing.write(_HEAD)
        for page in pages:
            for resource in page:
                listing.write(_response(resource, mode, names))
        listing.write(_TAIL)
    except BaseException:
        listing.close()
        raise
    return listing


def _response(resource: Any, mode: str, names: list[str]) -> bytes:
    found = resource.get_properties(mode, name_list=names if mode == "named" else None)
    body = make_multistatus_el()
    util.add_property_response(body, resource.get_href(), found)
    return tostring(body[0], encoding="unicode").encode()
