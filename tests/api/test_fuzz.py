"""Requests made up from the server's own description: none crashes it, and every answer is as described.

`make fuzz` sends more of them: FUZZ_EXAMPLES is how many each operation gets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.toolcrib import ToolcribServer

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "1")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
LEFT_OUT = (
    "/api/events/stream",  # never ends
    "/api/storage/uploads",  # schemathesis cannot send tus's media type
    "/api/storage/uploads/{upload_id}",
    "/api/auth/onshape/connect",  # 500 where it is not configured, as its contract says
    "/api/parts/auth/onshape/connect",
)


@pytest.mark.databases("sqlite")
@pytest.mark.timeout(3600)
def test_made_up_requests_get_the_answers_that_are_described(
    server: Callable[..., ToolcribServer], database_url: str
) -> None:
    crib = server(DATABASE_URL=database_url)
    token = crib.admin.headers["Authorization"]
    left_out = [part for path in LEFT_OUT for part in ("--exclude-path", path)]
    ran = subprocess.run(
        [
            *(
                Path(sys.executable).with_name("schemathesis"),
                "--no-color",
                "run",
                f"{crib.url}/api/openapi.json",
            ),
            *("--header", f"Authorization: {token}", "--checks", ",".join(CHECKS)),
            *("--phases", "fuzzing", "--max-examples", EXAMPLES, "--seed", "1", "--no-shrink"),
            *("--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30"),
            *("--continue-on-failure", *left_out),
        ],
        cwd=crib.data_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
    assert " generated" in ran.stdout
