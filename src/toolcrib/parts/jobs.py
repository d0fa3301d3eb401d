"""What is done with parts later, or on a schedule."""

from __future__ import annotations

from toolcrib.kernel.jobs import Job

JOBS: tuple[Job, ...] = ()
