"""What our mails say (asset-locks contract, section 7), and what hostile names cannot make them say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from toolcrib.assets import messages as asset_messages
from toolcrib.kernel import messages
from toolcrib.kernel.messages import Message
from toolcrib.kernel.outbox import Letter
from toolcrib.kernel.smtp import compose

EXPIRES = datetime(2026, 11, 20, 14, 5, 59, tzinfo=UTC)
LINK = "https://crib.example.com/confirm-password?token=a-B_c.9"
HOSTILE = "<img src=x onerror=alert(1)>&\"'"


def all_messages(text: str) -> list[Message]:
    """Every mail, with `text` wherever somebody may choose what it says."""
    return [
        asset_messages.asset_locked(path=text, locked_by=text, comment=text),
        asset_messages.assets_locked(paths=[text, text], count=3, locked_by=text, comment=text),
        asset_messages.lock_notification(
            path=text, asked_by=text, message=text, dashboard_url="https://x.example"
        ),
        messages.confirm_password(username=text, link=LINK, expires_at=EXPIRES),
        messages.confirm_email(username=text, link=LINK, expires_at=EXPIRES),
        messages.email_changed(username=text, new_email=text),
        messages.password_changed(username=text),
        messages.mail_test(username=text),
    ]


def sent(
    message: Message, to: str = "ann@example.com", sender: str = "Crib <no-reply@example.com>"
) -> EmailMessage:
    """As the recipient's program reads it."""
    letter = Letter(7, to, message.subject, message.text, message.html, EXPIRES)
    parsed = message_from_bytes(compose(letter, sender).as_bytes(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_a_confirmation_says_whose_where_and_until_when(zone: timezone) -> None:
    for message in (
        messages.confirm_password(username="ann", link=LINK, expires_at=EXPIRES.astimezone(zone)),
        messages.confirm_email(username="ann", link=LINK, expires_at=EXPIRES.astimezone(zone)),
    ):
        for part in (message.text, message.html):
            assert "ann" in part
            assert LINK in part
            assert "2026-11-20 14:05 UTC" in part
            assert "did not ask" in part


def test_news_of_a_change_says_whom_to_ask() -> None:
    changed = messages.email_changed(username="ann", new_email="new@example.com")
    for part in (changed.text, changed.html):
        assert "new@example.com" in part
    for message in (changed, messages.password_changed(username="ann")):
        for part in (message.text, message.html):
            assert "ann" in part
            assert "administrator" in part


def test_subjects_are_the_contract_s() -> None:
    subjects = [message.subject.lower() for message in all_messages("x")]
    assert subjects == [
        "asset locked: x",
        "3 assets locked by x",
        "lock notification: x",
        "confirm password change",
        "confirm address change",
        "address changed",
        "password changed",
        "mail test",
    ]


def test_names_are_escaped_in_html_and_left_alone_in_text() -> None:
    for message in all_messages(HOSTILE):
        assert "<img" not in message.html
        assert "&lt;img" in message.html
        assert HOSTILE in message.text


@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\u2028", "\u0085", "\x0b", "\x1c", "\0"])
def test_a_name_cannot_add_headers(breaks: str) -> None:
    for message in all_messages(f"a{breaks}Bcc: evil@example.net{breaks}{breaks}b"):
        mail = sent(message)
        assert mail["Bcc"] is None
        assert mail["To"] == "ann@example.com"
        assert len(message.subject.splitlines()) == 1


def test_every_mail_has_both_parts_and_the_usual_headers() -> None:
    for message in all_messages("Zoë 雪 " + "long " * 300):
        mail = sent(message)
        assert mail.get_content_type() == "multipart/alternative"
        assert body(mail, "plain").split() == message.text.split()
        assert body(mail, "html").split() == message.html.split()
        assert mail["Subject"] == message.subject
        assert mail["From"] == "Crib <no-reply@example.com>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"].datetime == EXPIRES


def test_a_repeated_mail_can_be_told_by_its_id() -> None:
    message = messages.password_changed(username="ann")
    assert sent(message)["Message-ID"] == sent(message)["Message-ID"]


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("no-reply@example.com", "no-reply@example.com"),
        ("Tool Crib <crib@example.com>", "Tool Crib <crib@example.com>"),
        ('"Crib, Inc." <crib@example.com>', '"Crib, Inc." <crib@example.com>'),
        ("Werkzeugausgabe Köln <crib@example.com>", "Werkzeugausgabe Köln <crib@example.com>"),
    ],
)
def test_the_sender_may_have_a_name(sender: str, shown: str) -> None:
    assert sent(messages.mail_test(username="ann"), sender=sender)["From"] == shown


@pytest.mark.parametrize(
    "address", ["", "ann", "a b@example.com", "a@b>\r\nRCPT TO:<evil@c", "a@b, evil@c", "a@"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        sent(messages.mail_test(username="ann"), to=address)
