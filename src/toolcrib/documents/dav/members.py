"""Write the response to PROPFIND with Depth 1, which may list any number of files.

WsgiDAV would build one XML tree of it. Here each member becomes text as soon as it is read, and a long response is kept
in a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from xml.etree.ElementTree import tostring

from wsgidav import util
from wsgidav.xml_tools import make_multistatus_el

IN_MEMORY = 1_048_576
_HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">'
_TAIL = b"</D:multistatus>"


def spool(pages: Iterable[Iterable[Any]], mode: str, names: list[str]) -> IO[bytes]:
    """Write the multistatus of all resources in `pages`; the caller closes the file. `mode` and `names` are those of
    `get_properties`."""
    file: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    try:
        file.write(_HEAD)
        for page in pages:
            for resource in page:
                file.write(_response(resource, mode, names))
        file.write(_TAIL)
    except BaseException:
        file.close()
        raise
    return file


def _response(resource: Any, mode: str, names: list[str]) -> bytes:
    found = resource.get_properties(mode, name_list=names if mode == "named" else None)
    body = make_multistatus_el()
    util.add_property_response(body, resource.get_href(), found)
    return tostring(body[0], encoding="unicode").encode()
