"""Writes docs/configuration.md from the settings and the runtime keys; `--check` only says whether it is fresh."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from toolcrib.kernel.config import KERNEL_KEYS
from toolcrib.server import kinds
from toolcrib.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"

HEAD = """# Configuration

This page is generated from the program (`scripts/configuration_docs.py`).

Every setting is an environment variable. `config.json` in the data directory may hold the same names, in any case;
the environment wins. Where several names are given, earlier tools used the others: any of them works, the first
found counts. Switches are on for `true`, `1`, `t`, `yes` and `on` in any case, and off for everything else.

| Setting | Default | Meaning |
|---|---|---|
"""

RUNTIME = """
## While it runs

An administrator may change these on the Admin page, with `PUT /api/admin/config` or with
`toolcrib admin set-config KEY VALUE`. They act at once in the process that took the change, and within a second in
the others. A value kept in the database wins over the setting it defaults to.

| Key | In JSON | Takes | Meaning |
|---|---|---|---|
"""


def names(field: str, info: FieldInfo) -> str:
    alias = info.validation_alias
    found = alias.choices if isinstance(alias, AliasChoices) else [alias or field.upper()]
    return ", ".join(f"`{name}`" for name in found)


def default(info: FieldInfo) -> str:
    value = info.default
    if isinstance(value, SecretStr) or value in ("", None):
        return ""
    if isinstance(value, list):
        return f"`{','.join(value)}`" if value else ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def page() -> str:
    lines = [HEAD]
    for field, info in Settings.model_fields.items():
        lines.append(f"| {names(field, info)} | {default(info)} | {info.description} |\n")
    lines.append(RUNTIME)
    for key in (*KERNEL_KEYS, *(key for kind in kinds() for key in kind.config_keys)):
        takes = {bool: "true or false", int: "a whole number", str: "text"}[key.type]
        if key.minimum is not None:
            takes += f" from {key.minimum}"
        if key.maximum is not None:
            takes += f" to {key.maximum}"
        if not key.writable:
            takes = "read only"
        lines.append(f"| `{key.key}` | `{key.name}` | {takes} | {key.description} |\n")
    return "".join(lines)


def main() -> int:
    fresh = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh else 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
