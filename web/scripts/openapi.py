"""Prints the part of the server's OpenAPI document that the page uses: the shapes of what crosses the wire.

Starts no server and touches no data.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

from toolcrib.server import create_app
from toolcrib.settings import Settings

warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder:
    document = create_app(Settings(data_dir=Path(folder))).openapi()
json.dump(
    {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": "0"},
        "paths": {},
        "components": {"schemas": document["components"]["schemas"]},
    },
    sys.stdout,
    sort_keys=True,
)
