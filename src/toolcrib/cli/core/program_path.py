"""Where this program is installed: what hooks and git's configuration call it by."""

import shutil
import sys
from pathlib import Path


def program() -> str:
    """The command by its full path: hooks run with whatever PATH a host or an editor has."""
    found = Path(sys.argv[0])
    if found.name.startswith("toolcrib") and found.exists():
        return str(found.absolute())
    return shutil.which("toolcrib") or "toolcrib"
