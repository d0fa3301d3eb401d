"""One server with a small Onshape for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.parts.onshape.onshape_shop import OnshapeShop


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnshapeShop]:
    from tests.parts.onshape.fake_onshape import fake_onshape  # noqa: PLC0415
    from tests.parts.onshape.onshape_shop import start_shop  # noqa: PLC0415 - loads the whole server

    with fake_onshape() as onshape, fake_onshape() as elsewhere:
        onshape.elsewhere = elsewhere.url
        shop = start_shop(tmp_path_factory.mktemp("onshape"), onshape, elsewhere)
        yield shop
        shop.crib.close()


@pytest.fixture
def onshape(running: OnshapeShop) -> Iterator[OnshapeShop]:
    """Nobody is connected."""
    from tests.parts.onshape.onshape_shop import PREFIXES  # noqa: PLC0415 - loads the whole server

    running.onshape.reset()
    running.elsewhere.reset()
    running.old.post(f"{PREFIXES[0]}/disconnect")
    yield running
    running.onshape.reset()
    assert not running.elsewhere.calls  # no token goes to another server, whatever Onshape says
