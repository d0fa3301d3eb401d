"""The script, scene by scene. A later scene uses what earlier ones made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.answers.play import Play
from tests.answers.scenes import (
    claims,
    companies,
    documents,
    ending,
    every_route,
    folders,
    lfs,
    limits,
    locks,
    people,
    resumable,
    second,
    site,
    uploads,
    webdav,
)

Scene = Callable[[Play], None]


@dataclass(frozen=True)
class Part:
    """Scenes that are played against one server."""

    name: str
    scenes: Mapping[str, Scene]
    settings: Mapping[str, str] = field(default_factory=dict)


MAIN = Part(
    "main",
    {
        "people": people.play,
        "companies": companies.play,
        "locks": locks.play,
        "claims": claims.play,
        "lfs": lfs.play,
        "documents": documents.play,
        "uploads": uploads.play,
        "folders": folders.play,
        "resumable": resumable.play,
        "webdav": webdav.play,
        "site": site.play,
        "limits": limits.play,
        "every route": every_route.play,
        "ending": ending.play,
    },
)
SECOND = Part("second", {"second server": second.play}, second.SETTINGS)
