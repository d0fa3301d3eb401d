"""What the contract's clients may send of a part, as columns (parts contract, sections 2 and 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from toolcrib.parts import misc_info, names
from toolcrib.parts.errors import Beside, Refused, refusal
from toolcrib.parts.models import BOARDS, CATEGORIES, STATUSES

MOST = 1_000_000
NO_DATA = "No data provided"
# Column -> how clients spell it, and how long it may be.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "type": ("type",),
    "name": ("name",),
    "part_number": ("partId", "part_id"),
    "material": ("material",),
    "material_thickness": ("materialThickness", "material_thickness"),
    "amount": ("amount",),
    "subsystem": ("subsystem",),
    "assigned": ("assigned",),
    "status": ("status",),
    "category": ("category",),
    "notes": ("notes",),
    "file": ("file",),
    "onshape_url": ("onshapeUrl", "onshape_url"),
    "misc_info": ("miscInfo", "misc_info"),
}
LENGTHS = {
    "name": 200,
    "part_number": 100,
    "material": 200,
    "material_thickness": 50,
    "subsystem": 100,
    "assigned": 100,
    "notes": 20_000,
    "file": 200,
    "onshape_url": 500,
}
LABELS = {"part_number": "Part ID", "onshape_url": "Onshape URL", "material_thickness": "Material thickness"}
TRIMMED = {"part_number", "material", "subsystem", "assigned"}
REQUIRED = ("material", "subsystem")
_UNSAFE = re.compile(r"""["'<>\\`\x00-\x20\x7f]""")
_NUL = re.compile("[\x00\ud800-\udfff]")


class BadValue(Exception):
    """`field` is spelled as clients do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


def sent(body: Any) -> dict[str, Any]:
    """Return the fields that a client sent, by column. Keys that are not its to set are left out.

    Raises:
        Refused: it is no object, or an empty one (400).
    """
    if body is None or body == {}:
        raise refusal(400, "invalid_request", NO_DATA)
    if not isinstance(body, dict):
        raise refusal(400, "invalid_request", "The body must be a JSON object")
    found = {}
    for column, spellings in SPELLINGS.items():
        for spelling in spellings:
            if spelling in body:
                found[column] = body[spelling]
                break
    return found


def of_new(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a new part, defaults not included.

    Raises:
        Refused: (400, with `field`).
    """
    try:
        for column in REQUIRED:
            if not isinstance(found.get(column), str | int | float) or not str(found[column]).strip():
                raise BadValue(column, f"{column.capitalize()} is required")
        values: dict[str, Any] = {"amount": _amount(found.get("amount"))}
        values["misc_info"] = misc_info.checked(found.get("misc_info"))
        for column in SPELLINGS:
            if column in found and column not in values:
                values[column] = checked(column, found[column])
    except BadValue as bad:
        raise refusal(400, "invalid_request", "Validation Error", details=bad.text, field=bad.field) from None
    except Refused as bad:
        raise refusal(
            400, "invalid_request", "Validation Error", details=bad.detail, **_beside(bad)
        ) from None
    for column in ("status", "category"):
        if values.get(column) is None:
            values.pop(column, None)
    return values


def of_change(found: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that change. What is sent as it is stored is fine, whatever it is.

    Raises:
        Refused: (400).
    """
    values: dict[str, Any] = {}
    try:
        for column, value in found.items():
            if value == stored[column]:
                continue
            if column == "status" and (value is None or value == ""):
                continue  # D6
            if column == "misc_info":
                values[column] = misc_info.checked(value)
            elif column == "amount":
                values[column] = _amount(value)
            else:
                values[column] = checked(column, value)
            if column in ("part_number", *REQUIRED) and not values[column]:
                raise BadValue(column, f"{_label(column)} cannot be empty")
            if column == "category" and values[column] is None:
                raise BadValue(column, f"Category must be one of {', '.join(CATEGORIES)}")
    except BadValue as bad:
        raise refusal(400, "invalid_request", bad.text) from None
    return {column: value for column, value in values.items() if value != stored[column]}


def checked(column: str, value: Any) -> Any:
    """Return what is stored for one field.

    Raises:
        BadValue: (the caller says it as its route does).
    """
    field = SPELLINGS[column][0]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadValue(field, f"{_label(column)} must be a text")
    text = str(value)
    if column in TRIMMED:
        text = text.strip()
    if _NUL.search(text):
        raise BadValue(field, f"{_label(column)} has a character that cannot be kept")
    if column in ("type", "status", "category"):
        return _word(column, text)
    if column in ("assigned", "onshape_url", "file") and not text.strip():
        return None  # D11
    if column == "file":
        return names.safe(text) or None
    if column == "onshape_url":
        text = _url(text.strip())
    if len(text) > LENGTHS[column]:
        raise BadValue(field, f"{_label(column)} is longer than {LENGTHS[column]} characters")
    return text


def _word(column: str, text: str) -> str | None:
    choices = {"type": BOARDS, "status": STATUSES, "category": CATEGORIES}[column]
    if not text:
        return None
    if text not in choices:
        raise BadValue(column, f"{_label(column)} must be one of {', '.join(choices)}")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_web = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise BadValue("onshapeUrl", "Onshape URL must be an http or https address")
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), text)


def _amount(value: Any) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 1
    if isinstance(value, bool):
        raise BadValue("amount", "Amount must be a number")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int):
        raise BadValue("amount", "Amount must be a number")
    if value < 1:
        raise BadValue("amount", "Amount must be greater than 0")
    if value > MOST:
        raise BadValue("amount", f"Amount must be at most {MOST}")
    return value


def _label(column: str) -> str:
    return LABELS.get(column, column.replace("_", " ").capitalize())


def _beside(bad: Refused) -> dict[str, Any]:
    return dict(bad.details) if isinstance(bad.details, Beside) else {}
