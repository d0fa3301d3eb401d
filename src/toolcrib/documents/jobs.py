"""Periodic jobs of documents."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.documents.service import arrivals, direct_uploads, removal, resumable, verifying
from toolcrib.documents.service.lookup import documents_of
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job


async def sweep_uploads(kernel: Kernel, now: datetime) -> None:
    """Delete direct uploads that no version was made of, and resumable ones that have expired."""
    await direct_uploads.sweep_abandoned(documents_of(kernel), now)
    await resumable.sweep_expired(documents_of(kernel), now)


async def forget_vacated_names(kernel: Kernel, now: datetime) -> None:
    """Forget the names that WebDAV programs have left and not filled again."""
    await removal.forget_vacated_names(documents_of(kernel), now=now)


async def verify(kernel: Kernel, now: datetime) -> None:
    """Check that the content of every version exists, by size; `toolcrib storage verify` reads it all."""
    await verifying.verify(documents_of(kernel), now=now)


async def find_arrivals(kernel: Kernel, now: datetime) -> None:
    """Let direct uploads to new paths appear whose content has arrived."""
    await arrivals.sweep(documents_of(kernel), now)


JOBS = (
    Job("documents.find_arrivals", find_arrivals, every=timedelta(minutes=1)),
    Job("documents.sweep_uploads", sweep_uploads, every=timedelta(hours=1)),
    Job("documents.forget_vacated_names", forget_vacated_names, every=timedelta(minutes=5)),
    Job("documents.verify", verify, every=timedelta(hours=24), limit=timedelta(hours=6)),
)
