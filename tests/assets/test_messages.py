"""What the mails about locks say (asset-locks contract, section 7). What hostile names cannot make a mail say is in
`tests/kernel/test_messages.py`, for these too."""

from __future__ import annotations

from toolcrib.assets.messages import asset_locked, lock_notification


def test_a_new_lock_says_what_who_and_why() -> None:
    message = asset_locked(path="Maps/A b.umap", locked_by="ann", comment="lighting\npass")
    assert message.subject == "Asset locked: Maps/A b.umap"
    for part in (message.text, message.html):
        assert "Maps/A b.umap" in part
        assert "ann" in part
        assert "lighting\npass" in part
    for silent in (None, ""):
        assert "N/A" in asset_locked(path="p", locked_by="ann", comment=silent).text


def test_a_notification_keeps_the_lines_of_its_message() -> None:
    message = lock_notification(
        path="Maps/A.umap", asked_by="ben", message="one\n\n  two", dashboard_url="https://crib.example.com"
    )
    assert message.subject == "Lock notification: Maps/A.umap"
    for part in (message.text, message.html):
        assert "one\n\n  two" in part
        assert "ben" in part
        assert "https://crib.example.com" in part
    assert "pre-wrap" in message.html


def test_a_notification_needs_neither_message_nor_address() -> None:
    message = lock_notification(path="p", asked_by="ben", message=None, dashboard_url="")
    assert "Message from" not in message.text + message.html
    assert "dashboard." in message.text
