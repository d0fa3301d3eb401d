"""Options that the commands of several kinds take."""

from typing import Annotated

import typer

Expires = Annotated[
    str | None,
    typer.Option("--expires", metavar="TIME", help="Its end: after 2h, at 18:00, on 2026-05-01."),
]
NewEnd = Annotated[
    str, typer.Option("--expires", metavar="TIME", help="From now 2h; 18:00, 2026-05-01; or none.")
]
