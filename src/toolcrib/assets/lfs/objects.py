"""Git LFS objects over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["git lfs"])
