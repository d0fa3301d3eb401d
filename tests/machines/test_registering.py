"""What administrators may register, and what is refused with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib

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
