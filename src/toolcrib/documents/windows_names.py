"""Which names Windows cannot keep (Microsoft, "Naming Files, Paths, and Namespaces")."""

from __future__ import annotations

import re

_CHARACTERS = re.compile(r'[<>:"|?*\\\x00-\x1f]')
# The digits may also be superscript.
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)


def why_not(name: str) -> str | None:
    """Return why Windows cannot keep a file or folder called `name`, as the end of a sentence; None if it can."""
    found = _CHARACTERS.search(name)
    if found is not None:
        return f"it contains {found[0]}" if found[0].isprintable() else "it contains a control character"
    if name.endswith((".", " ")):
        return f"it ends with a {'dot' if name.endswith('.') else 'blank'}"
    # With any extension too, and blanks before it.
    if _DEVICE.fullmatch(name.partition(".")[0].rstrip(" ")):
        return f"{name.partition('.')[0].rstrip(' ')} is the name of a device there"
    return None
