"""Names that people give, and quantities, checked by the contract's grammars (sections 4, 5, 6 and 10)."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import uuid4

from toolcrib.desktops.errors import BadDesktopName
from toolcrib.kernel.problems import InvalidRequest

LONGEST_NAME = 12
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_QUANTITY = re.compile(
    r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E|e[0-9]{1,2}|E[0-9]{1,2})?"
)
_IMAGE = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?"  # a registry's host, or the first part of the name
    r"(/[A-Za-z0-9._-]+)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}

WRONG_NAME = (
    "Connection name must start and end with an alphanumeric character and contain only lowercase letters, numbers, "
    "and hyphens"
)
TOO_LONG = f"Connection name is too long. Maximum length is {LONGEST_NAME} characters."


class BadQuantity(InvalidRequest):
    """An amount of memory or storage is not a Kubernetes quantity, or not within bounds."""

    code = "bad_quantity"


class BadImage(InvalidRequest):
    """No desktop can be made from an image of this name."""

    code = "bad_image"


class BadVolumeName(InvalidRequest):
    """The name of a volume must be one that a cluster takes, too."""

    code = "bad_volume_name"


def check_name(name: str) -> str:
    """Return `name` if somebody may call a desktop so.

    Raises:
        BadDesktopName: (400).
    """
    if len(name) > LONGEST_NAME:
        raise BadDesktopName(TOO_LONG)
    if _SUBDOMAIN.fullmatch(name) is None:
        raise BadDesktopName(WRONG_NAME)
    return name


def unique_name(base: str) -> str:
    """Return a name that no desktop has or ever had."""
    return f"{base.replace('.', '-')}-{uuid4()}"


def check_volume_name(name: str) -> str:
    """Return `name` if it is a DNS-1123 subdomain.

    Raises:
        BadVolumeName: (400).
    """
    if len(name) > 253 or _SUBDOMAIN.fullmatch(name) is None:
        raise BadVolumeName(
            "The name must start and end with an alphanumeric character and contain only lowercase letters, numbers, "
            "hyphens and dots, at most 253 characters"
        )
    return name


def check_image(image: str) -> str:
    """Return `image` if it has the form of an image's reference.

    Raises:
        BadImage: (400).
    """
    if len(image) > 255 or _IMAGE.fullmatch(image) is None:
        raise BadImage(
            "image is not the name of an image: [registry/]name[:tag][@sha256:digest], at most 255 characters"
        )
    return image


def amount_of(text: str) -> Decimal | None:
    """Return the amount that a Kubernetes quantity stands for, or None if it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, unit = Decimal(found[1]), found[2] or ""
    return number * (_UNITS[unit] if unit in _UNITS else Decimal(10) ** int(unit[1:]))


def check_amount(field: str, text: str, *, least: str, most: str, length: int) -> Decimal:
    """Return the amount of `text`, a Kubernetes quantity of bytes.

    Raises:
        BadQuantity: it is none, or not between `least` and `most` (400).
    """
    amount = amount_of(text) if len(text) <= length else None
    if amount is None:
        raise BadQuantity(f"{field} must be a quantity like 4096Mi, of at most {length} characters")
    lower, upper = amount_of(least), amount_of(most)
    if lower is None or upper is None or not lower <= amount <= upper:
        raise BadQuantity(f"{field} must be between {least} and {most}")
    return amount
