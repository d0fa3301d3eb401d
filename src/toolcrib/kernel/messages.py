"""The mails the server writes about accounts and itself (asset-locks contract, section 7), and how a kind writes
its own. Texts are in `templates/mail`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

# Of the texts in one mail; of further ones it has the subjects.
TOGETHER_LENGTH = 200_000

TEMPLATES = Path(__file__).parent / "templates" / "mail"


@dataclass(frozen=True)
class Message:
    """One mail before it has a recipient. `html` says what `text` says."""

    subject: str
    text: str
    html: str


def confirm_password(*, username: str, link: str, expires_at: datetime) -> Message:
    expires = _utc(expires_at)
    return _message(
        "Confirm password change", "confirm_password", username=username, link=link, expires=expires
    )


def confirm_email(*, username: str, link: str, expires_at: datetime) -> Message:
    expires = _utc(expires_at)
    return _message("Confirm address change", "confirm_email", username=username, link=link, expires=expires)


def email_changed(*, username: str, new_email: str) -> Message:
    return _message("Address changed", "email_changed", username=username, new_email=new_email)


def password_changed(*, username: str) -> Message:
    return _message("Password changed", "password_changed", username=username)


def mail_test(*, username: str) -> Message:
    return _message("Mail test", "mail_test", username=username)


def together(parts: Sequence[tuple[str, str]]) -> Message:
    """Return one mail that names each of several: their subjects, and their texts as far as there is room. What is the
    same is named once, with how often it was."""
    counted = Counter(parts)
    shown = []
    room = TOGETHER_LENGTH
    for (subject, text), times in counted.items():
        room -= len(text)
        shown.append({"subject": subject, "text": text.strip() if room >= 0 else "", "times": times})
    return _message(f"{len(parts)} notifications", "together", parts=shown, count=len(parts))


def noticed(subject: str, sentence: str, facts: Sequence[tuple[str, str]], url: str) -> Message:
    """Return the mail about something that others did: a sentence, facts with their names, and where to look."""
    return _message(subject, "noticed", sentence=sentence, facts=facts, url=url)


def compose(subject: str, name: str, templates: Path, **values: object) -> Message:
    """The mail whose texts are `<name>.txt` and `<name>.html` in the folder `templates`. The HTML text may extend
    our `base.html`."""
    plain, html = _environments(templates)
    return Message(
        subject=one_line(subject),
        text=plain.get_template(f"{name}.txt").render(values),
        html=html.get_template(f"{name}.html").render(values),
    )


@lru_cache(maxsize=16)
def _environments(templates: Path) -> tuple[Environment, Environment]:
    """One that leaves text alone, and one that escapes every value for HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - most processes send none

    loader = FileSystemLoader([templates, TEMPLATES])
    plain = Environment(loader=loader, autoescape=False, undefined=StrictUndefined, trim_blocks=True)  # noqa: S701
    html = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return plain, html


def _message(subject: str, name: str, **values: object) -> Message:
    return compose(subject, name, TEMPLATES, **values)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def one_line(text: str) -> str:
    """`text` fit for a header: no line breaks of any kind, nothing unprintable."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
