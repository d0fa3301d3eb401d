"""HTTP in, one service call, HTTP out."""

from toolcrib.machines.routes import calendar, contract, pool, reservations

ROUTERS = (contract.router, reservations.router, pool.router, calendar.router)
