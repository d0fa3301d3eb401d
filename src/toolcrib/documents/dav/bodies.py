"""XML that clients send, looked at before anything is built of it."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from wsgidav import util

from toolcrib.documents.dav.request import Environ
from toolcrib.documents.errors import ValidationFailed

# A tree holds the whole namespace in every name: a long one, used often, would make a small body huge.
NAMESPACE_BYTES = 1_024
MOST_NAMES = 2_000


def read_xml(environ: Environ, *, allow_empty: bool = False) -> Any:
    """The request's body as a tree, None where there is none.

    Raises:
        ValidationFailed: it would take far more room than it has bytes (400).
        DAVError: it is no XML (400).
    """
    body = environ["wsgi.input"].getvalue()
    if body:
        _Look(body)
    return util.parse_xml_body(environ, allow_empty=allow_empty)


class _Look:
    """One pass over the text, with names as they are written."""

    def __init__(self, body: bytes) -> None:
        self._names = 0
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._element
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError, LookupError):
            raise ValidationFailed.of("body", "is not XML") from None

    def _doctype(self, *_told: object) -> None:
        raise ValidationFailed.of("body", "may not declare a document type")

    def _element(self, _name: str, attributes: dict[str, str]) -> None:
        self._names += 1 + len(attributes)
        if self._names > MOST_NAMES:
            raise ValidationFailed.of("body", f"may have {MOST_NAMES} elements and attributes")
        for name, value in attributes.items():
            if name.startswith("xmlns") and len(value.encode()) > NAMESPACE_BYTES:
                raise ValidationFailed.of("body", f"holds a namespace of more than {NAMESPACE_BYTES} bytes")
