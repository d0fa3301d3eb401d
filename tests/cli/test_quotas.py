"""`toolcrib quota`, and counting again on the server's machine."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.conftest import Person
from tests.cli.test_server_commands import operate
from tests.servers.toolcrib import ToolcribServer


def test_quotas_are_given_shown_and_taken_back(person: Callable[..., Person], crib: ToolcribServer) -> None:
    root, ann = person("admin"), person("quota-ann")
    assert "any number" in ann.run("quota", "list").out
    told = root.run("quota", "set", "user:quota-ann", "1.5kB").out
    assert told == "user:quota-ann may store 1.5 kB and stores 0 B.\n"
    (mine,) = [row for row in ann.json("quota", "list") if row["name"] == "quota-ann"]
    assert mine["allowed_bytes"] == 1500
    listed = root.run("quota", "list", "--all").out
    assert "user:quota-ann" in listed
    assert "user:quota-ann may store any number of bytes" in root.run("quota", "reset", "user:quota-ann").out

    assert "administrator" in ann.run("quota", "set", "user:quota-ann", "5GB", code=1).err
    assert "There is no project nothing." in root.run("quota", "set", "project:nothing", "5GB", code=1).err
    assert "user:NAME" in root.run("quota", "set", "quota-ann", "5GB", code=2).err
    assert "not a size" in root.run("quota", "set", "user:quota-ann", "5 elephants", code=2).err


def test_a_file_that_does_not_fit_is_refused_with_the_numbers(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    root, ann = person("admin"), person("full-ann")
    root.run("quota", "set", "user:full-ann", "1000")
    (ann.cwd / "big.bin").write_bytes(bytes(1_001))
    refused = ann.run("docs", "put", "big.bin", "me:", code=2)
    assert "1000 bytes" in refused.err
    assert "1001 more" in refused.err


def test_counting_again(crib: ToolcribServer) -> None:
    done = operate(crib.data_dir, "storage", "count")
    assert done.out == "Counted 0 objects for the first time; corrected 0 numbers.\n"
