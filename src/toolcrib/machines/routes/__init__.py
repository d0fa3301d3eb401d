"""HTTP in, one service call, HTTP out."""

from toolcrib.kernel.fast_routes import Endpoint
from toolcrib.machines.routes import calendar, contract, pool, reservations

ROUTERS = (contract.router, reservations.router, pool.router, calendar.router)
FAST_ROUTES: dict[tuple[str, str], Endpoint] = {("POST", "/api/reservations"): reservations.reserve}
