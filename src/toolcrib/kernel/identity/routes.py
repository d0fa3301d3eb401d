"""All routes about people, under `/api`."""

from toolcrib.kernel.identity import routes_session

ROUTERS = (routes_session.router,)
