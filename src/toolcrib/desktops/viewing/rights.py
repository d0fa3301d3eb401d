"""What a view may do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Rights:
    """They change while the view is open: `has_control` as control passes on."""

    copy_out: bool = False
    paste_in: bool = False
    has_control: bool = False
