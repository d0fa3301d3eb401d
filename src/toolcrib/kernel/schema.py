"""The base of what crosses the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    """A model whose validator is built when it is first used: most servers never use most of them, and building all
    takes a fifth of the start. `tests/api/test_schemas.py` builds all, so that a wrong one is found there."""

    model_config = ConfigDict(defer_build=True)
