"""Where this program is installed: hooks and git's configuration call it by this path."""

import shutil
import sys
from pathlib import Path


def program_path() -> str:
    """Return the full path of the command: hooks run with whatever PATH a host or an editor has."""
    found = Path(sys.argv[0])
    if found.name.startswith("toolcrib") and found.exists():
        return str(found.absolute())
    return shutil.which("toolcrib") or "toolcrib"
