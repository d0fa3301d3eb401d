"""A running server's parts, for tests that look behind its HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from toolcrib.kernel.context import Kernel

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer
    from tests.servers.toolcrib import ToolcribServer

Start = Callable[..., Awaitable["AppServer"]]
StartProcess = Callable[..., "ToolcribServer"]
StartKernel = Callable[..., Awaitable[Kernel]]


def kernel_of(server: AppServer) -> Kernel:
    kernel: Kernel = server.app.state.kernel
    return kernel
