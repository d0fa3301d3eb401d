"""What can be wrong with either end."""

from __future__ import annotations


class Malformed(Exception):
    """The viewer sent what no viewer sends. The text is for its log."""


class NotRfb(Exception):
    """The desktop does not speak RFB as it should."""


class DesktopRefused(Exception):
    """The desktop would not let us in."""
