from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """A number that no other process of this run has."""
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))
