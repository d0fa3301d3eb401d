"""HTTP in, one service call, HTTP out. Addresses with fixed words come before those with a part's number."""

from toolcrib.parts.routes import contract, files

ROUTERS = (contract.router, files.router)
