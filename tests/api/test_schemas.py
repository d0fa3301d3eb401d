"""The models of bodies and answers, which are built when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.servers.toolcrib import ToolcribServer
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


@pytest.mark.databases("sqlite")
def test_the_first_use_of_a_model_warns_of_nothing(server: Callable[..., ToolcribServer]) -> None:
    one = server()
    one.admin.post("/api/users/me/keys", json={"name": "shop"}).raise_for_status()
    assert "Warning" not in one.output()
