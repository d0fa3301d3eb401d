"""The routes of desktops: those of the contract, and our own."""

from toolcrib.desktops.routes import configurations, connections, desktops, files, volumes

ROUTERS = (connections.router, configurations.router, volumes.router, desktops.router, files.router)
