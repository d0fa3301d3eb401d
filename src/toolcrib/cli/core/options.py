"""Options that the commands of several kinds take."""

from typing import Annotated

import typer

Expires = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="Ends by itself after 2h, 3d, …")
]
NewEnd = Annotated[str, typer.Option("--expires", metavar="TIME", help="From now: 2h, 3d; or none.")]
