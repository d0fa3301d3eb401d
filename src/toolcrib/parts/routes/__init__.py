"""HTTP in, one service call, HTTP out. Addresses with fixed words come before those with a part's number."""

from toolcrib.kernel import route_paths  # noqa: F401  # the routes below have numbers of rows: {part_id:row}
from toolcrib.parts.routes import (
    contract,
    files,
    making,
    models,
    onshape,
    shop,
    shop_onshape,
    stock,
    tables,
    views,
)

ROUTERS = (
    contract.router,
    files.router,
    models.router,
    views.router,
    onshape.router,
    shop_onshape.router,
    shop.router,
    making.router,
    stock.router,
    tables.router,
)

ROOT_ROUTERS = (onshape.root_router,)
