"""Read XML request bodies; their size in memory is bounded before the tree is built."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from wsgidav import util

from toolcrib.documents.dav.request import Environ
from toolcrib.documents.errors import ValidationFailed

# A tree repeats the whole namespace in every name, so a small body that uses a long one often would become huge.
NAMESPACE_BYTES = 1_024
MAX_NAMES = 2_000


def read_xml(environ: Environ, *, allow_empty: bool = False) -> Any:
    """Parse the request's body. Returns None if it is empty and may be.

    Raises:
        ValidationFailed: it is not XML, declares a document type, or its tree would be far larger than the body (400).
        DAVError: WsgiDAV cannot parse it (400).
    """
    body = environ["wsgi.input"].getvalue()
    if body:
        _XmlCheck(body)
    return util.parse_xml_body(environ, allow_empty=allow_empty)


class _XmlCheck:
    """Check the text in one streaming pass, before any tree is built. Names are not expanded with their namespace."""

    def __init__(self, body: bytes) -> None:
        self._names = 0
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._element
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError, LookupError):
            raise ValidationFailed.of("body", "is not XML") from None

    def _doctype(self, *_arguments: object) -> None:
        raise ValidationFailed.of("body", "may not declare a document type")

    def _element(self, _name: str, attributes: dict[str, str]) -> None:
        self._names += 1 + len(attributes)
        if self._names > MAX_NAMES:
            raise ValidationFailed.of("body", f"may have at most {MAX_NAMES} elements and attributes")
        for name, value in attributes.items():
            if name.startswith("xmlns") and len(value.encode()) > NAMESPACE_BYTES:
                raise ValidationFailed.of(
                    "body", f"contains a namespace of more than {NAMESPACE_BYTES} bytes"
                )
