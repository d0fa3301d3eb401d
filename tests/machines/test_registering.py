"""What administrators may register, and what is refused with a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from tests.machines.test_bookings import refusal
from tests.servers.rows_read import rows_read

if TYPE_CHECKING:
    import httpx

    from tests.machines.pool import PoolCrib
    from tests.servers.inprocess import AppServer

FIELDS = {"name": "odd", "host": "h", "port": "22", "user": "root", "password": "x"}
# As YAML has them.
NO_TEXTS = ("[a]", "[[]]", "{a: b}", "~", "''")


def test_an_odd_entry_of_an_inventory_spoils_no_other(pool: PoolCrib) -> None:
    admin = pool.admin.client
    entries = [FIELDS | {field: value} for field in FIELDS for value in NO_TEXTS]
    lines = [", ".join(f"{key}: {value}" for key, value in entry.items()) for entry in entries]
    lines.insert(7, "name: even, host: 10.9.9.9, port: 22, user: root, password: x")
    answer = admin.post("/api/pool/inventory", json={"text": "".join(f"- {{{line}}}\n" for line in lines)})
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["added"], len(done["skipped"])) == (["even"], len(entries))
    assert all(each["reason"] for each in done["skipped"])
    assert admin.delete("/api/machines/even").status_code == 200


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("box.example", "box.example"),
        ("box.example", "BOX.Example"),
        ("Box.example", "box.example."),
        ("box.example.", "boX.example"),
        ("10.9.0.1", "::ffff:10.9.0.1"),
        ("::FFFF:a09:1", "10.9.0.1"),
        ("fd00::1", "FD00:0:0:0:0:0:0:1"),
        ("fd00:0000::0001", "fd00::1"),
        ("fe80::1%eth0", "FE80::1%eth0"),
    ],
)
def test_one_host_is_one_machine_however_it_is_spelled(pool: PoolCrib, first: str, second: str) -> None:
    admin = pool.admin.client
    (one,) = pool.machines(host=first)
    port = pool.state(one)["port"]
    body = {"name": f"{one}-again", "host": second, "port": str(port), "user": "root", "password": "x"}
    refused = admin.post("/api/machines", json=body)
    assert refusal(refused) == (409, "address_taken")
    assert refused.json()["message"] == f"{one} is this host already: a machine has one holder at a time."
    (other,) = pool.machines(host=second)
    assert refusal(admin.patch(f"/api/pool/machines/{other}", json={"port": port})) == (409, "address_taken")
    row = ",".join([f"{one}-third", second, str(port), "root", "x"])
    done = admin.post("/api/pool/inventory", json={"format": "csv", "text": row}).json()
    assert (done["added"], [each["entry"] for each in done["skipped"]]) == ([], [f"{one}-third"])
    # Itself it may be spelled anew, and behind a jump host the same address is another host.
    assert admin.patch(f"/api/pool/machines/{one}", json={"host": second}).status_code == 200
    (behind,) = pool.machines(host=first, port=port, jump=other)
    direct = admin.patch(f"/api/pool/machines/{behind}", json={"jump": None})
    assert refusal(direct) == (409, "address_taken")
    assert admin.delete(f"/api/machines/{behind}").status_code == 200


def test_of_two_who_register_a_host_at_once_one_does(pool: PoolCrib) -> None:
    together = Barrier(8)

    def register(number: int) -> httpx.Response:
        client = pool.crib.admin().client
        body = {"name": f"race-{number}", "host": "race.example", "port": 22, "user": "root", "password": "x"}
        together.wait()
        return client.post("/api/machines", json=body)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(register, range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.databases("sqlite")
async def test_an_inventory_is_not_compared_with_all_machines_for_each_of_its_own(
    app_server: Callable[..., Awaitable[AppServer]],
) -> None:
    crib = await app_server(MACHINES_UNIQUE_HOSTS=True)
    admin = await crib.admin()
    read_for = []
    async with rows_read(crib.kernel.database, writing=True) as read:
        for part in range(3):
            rows = "".join(f"m{part}-{number},fd00::{part}:{number},22,root,x\n" for number in range(300))
            before = await read.so_far()
            answer = await admin.post("/api/pool/inventory", json={"format": "csv", "text": rows})
            read_for.append(await read.so_far() - before)
            assert len(answer.json()["added"]) == 300
    assert read_for[2] < 1.5 * read_for[0], str(read_for)


@pytest.mark.databases("sqlite")
async def test_as_in_earlier_pools_a_host_may_be_two_machines(
    app_server: Callable[..., Awaitable[AppServer]],
) -> None:
    admin = await (await app_server()).admin()
    for name in ("one", "two"):
        assert (await admin.post("/api/machines", json=FIELDS | {"name": name})).status_code == 201
    inventory = {"format": "csv", "text": "three,h,22,root,x\n"}
    assert (await admin.post("/api/pool/inventory", json=inventory)).json()["added"] == ["three"]
    assert (await admin.patch("/api/pool/machines/three", json={"port": 23})).status_code == 200
    assert (await admin.patch("/api/pool/machines/three", json={"port": 22})).status_code == 200
