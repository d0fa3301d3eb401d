"""How the process tells what came of it: its exit status, and the names of the files that it leaves."""

from __future__ import annotations

from enum import IntEnum

SOURCE = "part.step"
MODEL = "model.glb"
PICTURE = "picture.png"
RESULT = "result.json"


class Exit(IntEnum):
    DONE = 0
    NO_LIBRARY = 80  # it cannot be loaded
    UNREADABLE = 81  # no STEP file, or a damaged one
    EMPTY = 82  # nothing in it has a surface
    NO_MEMORY = 83
    NO_ROOM = 84  # on the disk
