"""The mails about locks (asset-locks contract, section 7). Their texts are in `templates/mail`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolcrib.kernel.messages import Message, compose

TEMPLATES = Path(__file__).parent / "templates" / "mail"


def asset_locked(*, path: str, locked_by: str, comment: str | None) -> Message:
    return compose(
        f"Asset locked: {path}",
        "asset_locked",
        TEMPLATES,
        path=path,
        locked_by=locked_by,
        comment=comment or "N/A",
    )


def assets_locked(*, paths: Sequence[str], count: int, locked_by: str, comment: str | None) -> Message:
    """Return one mail about many locks: `paths` are the first of `count`."""
    return compose(
        f"{count} assets locked by {locked_by}",
        "assets_locked",
        TEMPLATES,
        paths=paths,
        count=count,
        more=count - len(paths),
        locked_by=locked_by,
        comment=comment or "N/A",
    )


def lock_notification(*, path: str, asked_by: str, message: str | None, dashboard_url: str) -> Message:
    return compose(
        f"Lock notification: {path}",
        "lock_notification",
        TEMPLATES,
        path=path,
        asked_by=asked_by,
        message=message,
        dashboard_url=dashboard_url,
    )
