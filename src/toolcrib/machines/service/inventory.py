"""Many machines at once: the files that the register script reads (machine-pool contract, section 10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Row

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.machines.schemas import FIELDS, NewMachine
from toolcrib.machines.service import values
from toolcrib.machines.tags import own_tags
from toolcrib.settings import Settings

Format = Literal["yaml", "csv"]
MOST_ENTRIES = 5_000


class BadInventory(InvalidRequest):
    code = "bad_inventory"


def read(text: str, format_: Format) -> list[dict[str, Any]]:
    """Return the entries of an inventory file, unchecked.

    Raises:
        BadInventory: it is none, or too long (400).
    """
    entries = _from_yaml(text) if format_ == "yaml" else _from_csv(text)
    if len(entries) > MOST_ENTRIES:
        raise BadInventory(f"An inventory may have {MOST_ENTRIES} machines.")
    return entries


def _from_yaml(text: str) -> list[dict[str, Any]]:
    from toolcrib.machines.service import yaml_text  # noqa: PLC0415 - 2 MB, and few servers get YAML

    try:
        found = yaml_text.parse(text)
    except yaml_text.NotAccepted as refused:
        raise BadInventory(str(refused)) from None
    if isinstance(found, dict):
        found = found.get("machines")
    if not isinstance(found, list):
        raise BadInventory("An inventory is a list of machines, or has one under `machines`.")
    return [each if isinstance(each, dict) else {} for each in found]


def _from_csv(text: str) -> list[dict[str, Any]]:
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error:
        raise BadInventory("This is no CSV.") from None
    if rows and set(rows[0]) >= set(FIELDS):
        header, rows = rows[0], rows[1:]
    else:
        header = list(FIELDS)
    return [dict(zip(header, row, strict=False)) for row in rows]


def checked(entry: dict[str, Any], me: Principal, settings: Settings) -> dict[str, Any]:
    """Return the values of one machine, the secrets in clear.

    Raises:
        InvalidRequest: (400).
    """
    known = {name: value for name, value in entry.items() if name in NewMachine.model_fields}
    if isinstance(known.get("tags"), str):
        known["tags"] = known["tags"].split()
    try:
        body = NewMachine.model_validate(known)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidRequest(f"{field} is not as it should be.") from None
    return values.of_new(body, me, settings)


def write(rows: Sequence[Row[Any]], format_: Format) -> str:
    """Return an inventory of these machines. Secrets are not in it: `password` is empty."""
    entries = [
        {
            "name": row.name,
            "host": row.host,
            "port": row.port,
            "user": row.user,
            "password": "",
            "tags": own_tags(row.tags),
        }
        for row in rows
    ]
    if format_ == "yaml":
        from toolcrib.machines.service import yaml_text  # noqa: PLC0415 - 2 MB, and few servers get YAML

        return yaml_text.compose({"machines": entries})
    out = io.StringIO()
    writer = csv.DictWriter(out, [*FIELDS, "tags"])
    writer.writeheader()
    writer.writerows({**entry, "tags": " ".join(entry["tags"])} for entry in entries)
    return out.getvalue()
