"""A database server that can be made to fall silent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from tests.servers.tcp_proxy import TcpProxy, tcp_proxy


@pytest.fixture
def proxy(database_url: str) -> Iterator[TcpProxy]:
    """In front of the database of this test."""
    port = make_url(database_url).port
    assert port is not None
    with tcp_proxy(port) as one:
        yield one


@pytest.fixture
def through(database_url: str, proxy: TcpProxy) -> str:
    """For DATABASE_URL: the database, by way of the proxy."""
    return make_url(database_url).set(port=proxy.port).render_as_string(hide_password=False)
