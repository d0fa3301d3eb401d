"""The base of what crosses the wire."""

from __future__ import annotations

import warnings

from pydantic import BaseModel, ConfigDict
from pydantic.warnings import UnsupportedFieldAttributeWarning

# FastAPI gives the model of a body the name of its parameter as an alias, and silences this where it builds it itself.
warnings.filterwarnings("ignore", "The 'alias' attribute", UnsupportedFieldAttributeWarning)


class Schema(BaseModel):
    """A model whose validator is built when it is first used: most servers never use most of them, and building all
    takes a fifth of the start. `tests/api/test_schemas.py` builds all, so that a wrong one is found there."""

    model_config = ConfigDict(defer_build=True)
