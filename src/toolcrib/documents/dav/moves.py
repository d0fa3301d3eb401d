"""COPY and MOVE, once it is known that they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolcrib.documents.dav.addresses import href
from toolcrib.documents.dav.conditions import claims_in
from toolcrib.documents.dav.resources import FileResource
from toolcrib.documents.dav.visit import Visit
from toolcrib.documents.paths import Place
from toolcrib.documents.service import moving, transfers, trees, weblocks
from toolcrib.documents.service.locks import FOLDER
from toolcrib.kernel.problems import Problem


@dataclass(slots=True)
class Transfer:
    """One COPY or MOVE. Both return what could not be done; a refusal that concerns all of it is raised."""

    visit: Visit
    source: Any
    target: Any
    place: Place
    deep: bool

    def copy(self) -> list[tuple[str, int, str]]:
        self._clear()
        if isinstance(self.source, FileResource):
            self._copy_file(self.source.place, self.place)
            return []
        return self._copy_tree()

    def move(self) -> list[tuple[str, int, str]]:
        visit, source = self.visit, self.source
        docs, caller, now = visit.docs, visit.caller, visit.now
        same_bucket = source.place.bucket == self.place.bucket
        if isinstance(source, FileResource):
            visit.right(source.place.bucket, "delete")
            if same_bucket and not isinstance(self.target, FileResource):
                self._clear()
                visit.run(moving.move_file(docs, caller, source.place, self.place, now=now))
                visit.run(weblocks.leave(docs, caller, self.place, now=now))
            else:
                self._clear()
                visit.run(transfers.replace_by_move(docs, caller, source.place, self.place, now=now))
            return []
        self._clear()
        if same_bucket:
            held = visit.run(claims_in(visit, source))
            visit.run(moving.move_folder(docs, caller, source.place, self.place, now=now))
            for claim in held:
                if not claim.key.startswith(FOLDER):
                    visit.run(weblocks.leave(docs, caller, claim.key, now=now))
            return []
        visit.right(source.place.bucket, "delete")
        refused = self._copy_tree()
        if not refused:
            visit.run(trees.remove_at(docs, caller, source.place, now=now))
        return refused

    def _clear(self) -> None:
        """What is in the way goes first, unless file comes to file: that makes its next version."""
        if self.target is None:
            return
        if isinstance(self.target, FileResource) and isinstance(self.source, FileResource):
            return
        visit = self.visit
        visit.run(trees.remove_at(visit.docs, visit.caller, self.target.place, now=visit.now))

    def _copy_file(self, source: Place, target: Place) -> None:
        visit = self.visit
        visit.run(transfers.copy_file(visit.docs, visit.caller, source, target, now=visit.now))

    def _copy_tree(self) -> list[tuple[str, int, str]]:
        visit, top = self.visit, self.source.place
        docs, caller, now = visit.docs, visit.caller, visit.now
        visit.run(transfers.copy_folder(docs, caller, top, self.place, now=now))
        if not self.deep:
            return []
        folders, files = transfers.places_in(visit.run(_tree(visit, top)))
        refused: list[tuple[str, int, str]] = []
        for folder in folders:
            visit.run(
                transfers.copy_folder(docs, caller, folder, transfers.moved(folder, top, self.place), now=now)
            )
        for file in files:
            try:
                self._copy_file(file, transfers.moved(file, top, self.place))
            except Problem as problem:
                where = self.source.path.rstrip("/") + file.path[len(top.path) :]
                refused.append((href(visit.mount, where, folder=False), problem.status, problem.detail))
        return refused


async def _tree(visit: Visit, place: Place) -> trees.Tree:
    async with visit.docs.kernel.database.read() as session:
        return await trees.tree_at(session, place)
