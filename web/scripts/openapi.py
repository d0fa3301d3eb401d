"""Prints the server's OpenAPI document, without starting a server or touching its data."""

import json
import sys
import tempfile
from pathlib import Path

from toolcrib.server import create_app
from toolcrib.settings import Settings

with tempfile.TemporaryDirectory() as folder:
    app = create_app(Settings(data_dir=Path(folder)))
    json.dump(app.openapi(), sys.stdout, indent=1, sort_keys=True)
