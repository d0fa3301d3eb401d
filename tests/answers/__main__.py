"""`python -m tests.answers record` and `compare`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.answers.compare import differences, without
from tests.answers.coverage import gaps, operations
from tests.answers.masks import Masks
from tests.answers.play import Play
from tests.answers.scenes import MAIN, SECOND
from tests.answers.server import Server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.answers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="play the script against a server, and write its answers")
    recording.add_argument(
        "--toolcrib", type=Path, required=True, help="the `toolcrib` command of the commit"
    )
    recording.add_argument("--out", type=Path, required=True, help="the file to write")
    recording.add_argument("--database-url", default="", help="an empty database; SQLite without it")
    recording.add_argument("--gaps", action="store_true", help="list what the script does not reach")
    comparing = commands.add_parser("compare", help="what differs; exits 1 where anything does")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--without", action="append", default=[], help="a key to leave out, however deep")
    given = parser.parse_args()
    if given.command == "compare":
        return compare(given.old, given.new, frozenset(given.without))
    record(given.toolcrib, given.out, given.database_url, show_gaps=given.gaps)
    return 0


def record(command: Path, out: Path, database_url: str, *, show_gaps: bool) -> None:
    began = time.monotonic()
    masks, steps, asked = Masks(), dict[str, Any](), list[tuple[str, str, int]]()
    document: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="toolcrib-answers-") as folder:
        for part in (MAIN, SECOND):
            settings = dict(part.settings)
            if database_url and part is MAIN:
                settings["DATABASE_URL"] = database_url
            data_dir = Path(folder) / part.name
            data_dir.mkdir()
            server = Server(command.absolute(), data_dir, **settings)
            play = Play(server, masks, steps)
            try:
                for name, scene in part.scenes.items():
                    play.scene = name
                    scene(play)
            finally:
                play.close()
                server.stop()
            if part is MAIN:
                document, asked = play.made["openapi"], play.asked
    out.write_text(json.dumps(steps, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    missing = list(gaps(document, asked))
    print(f"{len(steps)} answers in {time.monotonic() - began:.0f} s, {out.stat().st_size // 1024} KiB")
    whole = len(operations(document))
    for way in ("success", "refusal"):
        count = sum(1 for _, _, what in missing if what == way)
        print(f"{whole - count} of {whole} operations answered with a {way}")
    if show_gaps:
        for method, path, what in missing:
            print(f"  no {what}: {method} {path}")


def compare(old: Path, new: Path, unwanted: frozenset[str]) -> int:
    read = [without(json.loads(path.read_text(encoding="utf-8")), unwanted) for path in (old, new)]
    texts = list(differences(*read))
    for text in texts:
        print(text)
    print(f"{len(texts)} answers differ" if texts else "no differences")
    return 1 if texts else 0


sys.exit(main())
