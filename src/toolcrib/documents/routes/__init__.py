"""Documents over HTTP, below `/api/storage`."""

from toolcrib.documents.routes import (
    buckets,
    checks,
    copies,
    downloads,
    files,
    folders,
    locks,
    system,
    tus,
    uploads,
    verifying,
    versions,
)

ROUTERS = (
    system.router,
    buckets.router,
    files.router,
    folders.router,
    uploads.router,
    tus.router,
    downloads.router,
    copies.router,
    locks.router,
    versions.router,
    verifying.router,
)
ROOT_ROUTERS = (checks.router,)
API_ROUTERS = (*ROUTERS, checks.router)
