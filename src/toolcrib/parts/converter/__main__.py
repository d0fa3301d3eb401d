"""`python -m toolcrib.parts.converter FOLDER SECONDS MEMORY_BYTES PARENT`: convert the file in that folder.

Leaves there what `answers` names. What it prints is lost.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

from toolcrib.parts.converter.answers import MODEL, PICTURE, RESULT, SOURCE, Exit
from toolcrib.parts.converter.enclosed import allow_enclosing, call_enclosed
from toolcrib.parts.converter.limits import limit_this_process
from toolcrib.parts.converter.step_counts import count

# As the contract has it (parts contract, section 6): millimetres, and radians.
LINEAR, ANGULAR = 0.1, 0.5


def convert(folder: Path) -> int:
    with (folder / SOURCE).open("rb") as file:
        counts = count(file)
    if not counts.is_step:
        return Exit.UNREADABLE
    try:
        # After the limits are set, and only for what may be a STEP file: it takes half a second.
        import cascadio  # noqa: PLC0415

        from toolcrib.parts.converter.glb import Model, NoModel  # noqa: PLC0415
    except (ImportError, MemoryError, OSError):
        return Exit.NO_LIBRARY

    def mesh(inside: Path) -> int:
        # Relative to one edge: no. All faces of a part as one: yes. In several threads: no, one job has one core.
        paths = str(inside / SOURCE), str(inside / MODEL)
        try:
            failed = cascadio.step_to_glb(*paths, LINEAR, ANGULAR, False, True, False)
        except MemoryError:
            return Exit.NO_MEMORY
        return Exit.UNREADABLE if failed else Exit.DONE

    if (status := call_enclosed(folder, mesh)) != Exit.DONE:
        return status
    try:
        model = Model(folder / MODEL)
    except FileNotFoundError:
        return Exit.UNREADABLE
    except (NoModel, KeyError, IndexError, TypeError, ValueError):
        return Exit.EMPTY
    figures: dict[str, Any] = {"solids": counts.solids, "faces": counts.faces}
    _describe(folder, model, figures)
    (folder / RESULT).write_text(json.dumps({"figures": figures}), encoding="ascii")
    return Exit.DONE


def _describe(folder: Path, model: Any, figures: dict[str, Any]) -> None:
    """Add what can be measured, and draw. A model is worth keeping without either."""
    from toolcrib.parts.converter.figures import measure  # noqa: PLC0415
    from toolcrib.parts.converter.picture import draw  # noqa: PLC0415

    try:
        figures.update(measure(model))
        (folder / PICTURE).write_bytes(draw(model))
    except (MemoryError, ArithmeticError, ValueError):
        return


def main(arguments: list[str]) -> int:
    folder, seconds, memory_bytes, parent = arguments
    allow_enclosing()
    limit_this_process(seconds=int(seconds), memory_bytes=int(memory_bytes), parent=int(parent))
    try:
        return convert(Path(folder))
    except MemoryError:
        return Exit.NO_MEMORY
    except OSError as error:
        return Exit.NO_ROOM if error.errno in {errno.ENOSPC, errno.EDQUOT} else Exit.UNREADABLE


if __name__ == "__main__":
    # Not sys.exit: the library's own end may crash, after all is written.
    os._exit(main(sys.argv[1:]))
