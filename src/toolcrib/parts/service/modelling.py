"""The models of parts: whichever revision, as far as it is converted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.problems import Conflict, NotFound, Problem
from toolcrib.parts import conversion
from toolcrib.parts.conversion.outcomes import NOT_INSTALLED, STILL_UNDER_WAY, is_installed
from toolcrib.parts.models import part_files
from toolcrib.parts.service.files import STEP

# How the two models of a comparison differ: figures of `a` and `b`, and what becomes of them.
COMPARED = ("volume_mm3", "area_mm2", "solids", "faces", "triangles")


class ModelNotFound(NotFound):
    """The part has no STEP file, or not this revision of it."""

    code = "model_not_found"


class ThumbnailNotFound(NotFound):
    """There is no picture of this model, or not yet."""

    code = "thumbnail_not_found"


class ModelNotReady(Conflict):
    """The model is still being converted. `details` are what is known of it."""

    code = "model_not_ready"


class ModelNotConvertible(Problem):
    """The STEP file cannot be converted, which is remembered. `details` are what is known of it."""

    code, status = "model_not_convertible", 422


class ConverterMissing(Problem):
    """The converter is not installed on this server."""

    code, status = "converter_missing", 503


async def step_file(session: AsyncSession, part_id: int, revision: int | None = None) -> Row[Any]:
    """Return a STEP file of the part, with the `key` of its content: the newest, or this revision.

    Raises:
        ModelNotFound: (404).
    """
    query = select(part_files, Blob.key).join(Blob, Blob.id == part_files.c.blob_id)
    query = query.where(part_files.c.part_id == part_id, part_files.c.kind == STEP)
    if revision is not None:
        query = query.where(part_files.c.revision == revision)
    found = (await session.execute(query.order_by(part_files.c.revision.desc()).limit(1))).first()
    if found is None:
        text = "This part has no STEP file." if revision is None else f"This part has no revision {revision}."
        raise ModelNotFound(text)
    return found


async def newest_two(session: AsyncSession, part_id: int) -> tuple[int, int]:
    """Return the numbers of the newest two STEP files, the older first.

    Raises:
        ModelNotFound: there are fewer (404).
    """
    query = select(part_files.c.revision).where(part_files.c.part_id == part_id, part_files.c.kind == STEP)
    found = list(await session.scalars(query.order_by(part_files.c.revision.desc()).limit(2)))
    if len(found) < 2:
        raise ModelNotFound("This part has fewer than two revisions to compare.")
    return found[1], found[0]


async def known(session: AsyncSession, file: Row[Any]) -> dict[str, Any]:
    """Return a revision with what is known of its model."""
    found = (await conversion.shown(session, [file.sha256])).get(file.sha256)
    return {"revision": file.revision, "name": file.name, "label": file.label, "conversion": found}


async def convert_file(
    kernel: Kernel, file: Row[Any], seconds: float, *, again: bool = False
) -> conversion.Outcome:
    """Have a STEP file converted if it is not, and wait for that at most `seconds`.

    Raises:
        BlobMissing: the file is gone from the store (404).
    """
    async with kernel.database.read() as session:
        found = await conversion.find(session, file.sha256, kernel.settings)
    if again or found is None or not found.is_final:
        await kernel.blobs.head(file.key)
        async with kernel.database.write() as session:
            await conversion.request(session, file.sha256, now=kernel.clock(), again=again)
    elif found.success or not seconds:
        return found
    return await conversion.wait_for(kernel, file.sha256, seconds)


async def find_again(kernel: Kernel, outcome: conversion.Outcome) -> None:
    """Have a content converted anew whose model is gone from the file store."""
    if outcome.row is None:
        return
    async with kernel.database.write() as session:
        await conversion.lost(session, outcome.row.sha256, outcome.row.model_key, now=kernel.clock())


def refuse_unless_ready(outcome: conversion.Outcome) -> Row[Any]:
    """Return the row of a converted content.

    Raises:
        ModelNotReady: (409). ModelNotConvertible: (422). ConverterMissing: (503).
    """
    row = outcome.row
    if outcome.success and row is not None:
        return row
    details = conversion.as_json(row) if row is not None else None
    if row is not None and row.state == "failed":
        raise ModelNotConvertible(outcome.error or "", details)
    if not is_installed():
        raise ConverterMissing(NOT_INSTALLED, details)
    raise ModelNotReady(STILL_UNDER_WAY, details, headers={"Retry-After": "2"})


async def compared(session: AsyncSession, part_id: int, a: int, b: int) -> dict[str, Any]:
    """Return two revisions, and how the figures of `b` differ from those of `a`; None where those are not known.

    Raises:
        ModelNotFound: (404).
    """
    first = await known(session, await step_file(session, part_id, a))
    second = await known(session, await step_file(session, part_id, b))
    return {"a": first, "b": second, "change": _change(_figures(first), _figures(second))}


def _figures(side: dict[str, Any]) -> dict[str, Any] | None:
    found = side["conversion"]
    return found["figures"] if found is not None else None


def _change(a: dict[str, Any] | None, b: dict[str, Any] | None) -> dict[str, Any] | None:
    if a is None or b is None:
        return None
    change: dict[str, Any] = {name: _minus(a.get(name), b.get(name)) for name in COMPARED}
    change["size_mm"] = None
    if (box_a := a.get("bounding_box")) and (box_b := b.get("bounding_box")):
        pairs = zip(box_a["size_mm"], box_b["size_mm"], strict=True)
        change["size_mm"] = [_minus(*pair) for pair in pairs]
    change["volume_ratio"] = _ratio(a.get("volume_mm3"), b.get("volume_mm3"))
    change["area_ratio"] = _ratio(a.get("area_mm2"), b.get("area_mm2"))
    return change


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else float(f"{b - a:.7g}")


def _ratio(a: float | None, b: float | None) -> float | None:
    return None if not a or b is None else float(f"{b / a:.7g}")
