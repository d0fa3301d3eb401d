"""Rules for the names of people, mail addresses, companies and projects."""

from __future__ import annotations

import re
import unicodedata

import email_validator

from toolcrib.kernel.identity.models import (
    COMPANY_NAME_LENGTH,
    EMAIL_KEY_LENGTH,
    EMAIL_LENGTH,
    PROJECT_NAME_LENGTH,
    USERNAME_LENGTH,
)
from toolcrib.kernel.problems import InvalidRequest

# Accept mail addresses whose host is in a local network.
for _name in {"local", "localhost"} & set(email_validator.SPECIAL_USE_DOMAIN_NAMES):
    email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_name)

_PROJECT_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class BadName(InvalidRequest):
    """The name is not allowed."""


def is_storable(text: str) -> bool:
    """Return whether every database can store and compare this text: no NUL, no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def check_username(text: str) -> str:
    """Return `text` if it is allowed as a username.

    Raises:
        BadName: it is not allowed (400). HTTP Basic cannot carry a `:`, and spaces at the ends would be invisible.
    """
    if not _is_plain(text, USERNAME_LENGTH) or ":" in text:
        raise BadName(
            f"A username is 1 to {USERNAME_LENGTH} characters without colons or control characters."
        )
    return text


def check_label(text: str) -> str:
    """Return `text` if it is allowed as a company's name.

    Raises:
        BadName: it is not allowed (400).
    """
    if not _is_plain(text, COMPANY_NAME_LENGTH):
        raise BadName(f"A name is 1 to {COMPANY_NAME_LENGTH} characters without control characters.")
    return text


def check_project_name(text: str) -> str:
    """Return `text` if it is allowed as a project's name.

    Raises:
        BadName: it is not allowed (400). The name is part of URLs.
    """
    segments = text.split("/")
    if (
        len(text) > PROJECT_NAME_LENGTH
        or not all(_PROJECT_SEGMENT.fullmatch(segment) and ".." not in segment for segment in segments)
        or any(segment.lower().endswith(".git") for segment in segments)
    ):
        raise BadName(
            "A project's name is segments of letters, digits, `.`, `_` and `-`, separated by `/`; no segment "
            f"begins with a dot, holds `..` or ends in `.git`; at most {PROJECT_NAME_LENGTH} characters."
        )
    return text


def check_email(text: str) -> str:
    """Return the mail address in the form in which it is stored.

    Raises:
        BadName: it is not a mail address (400).
    """
    try:
        found = email_validator.validate_email(
            text, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except (email_validator.EmailNotValidError, UnicodeError):
        raise BadName("That is not a valid e-mail address.") from None
    if len(found.normalized) > EMAIL_LENGTH or len(email_key(found.normalized)) > EMAIL_KEY_LENGTH:
        raise BadName(f"An e-mail address has at most {EMAIL_LENGTH} characters.")
    return found.normalized


def email_key(address: str) -> str:
    """Return the form in which two spellings of the same address are equal."""
    return unicodedata.normalize("NFC", address.casefold())


def _is_plain(text: str, length: int) -> bool:
    return (
        0 < len(text) <= length
        and text == text.strip()
        and is_storable(text)
        and not any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text)
    )
