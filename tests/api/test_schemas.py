"""The models of bodies and answers, which are built when they are first used."""

from __future__ import annotations

from collections.abc import Iterator

from toolcrib.kernel.schema import Schema
from toolcrib.server import OUR_KINDS


def every(model: type[Schema]) -> Iterator[type[Schema]]:
    for one in model.__subclasses__():
        yield one
        yield from every(one)


def test_every_model_can_be_built() -> None:
    models = list(every(Schema))
    modules = {model.__module__ for model in models}
    assert all(any(name.startswith(f"toolcrib.{kind.name}s.") for name in modules) for kind in OUR_KINDS)
    for model in models:
        model.model_rebuild(raise_errors=True)
        assert model.__pydantic_complete__, model
