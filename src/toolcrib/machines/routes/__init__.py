"""HTTP in, one service call, HTTP out."""

from toolcrib.machines.routes import contract, pool, reservations

ROUTERS = (contract.router, reservations.router, pool.router)
