"""`toolcrib config init`: a `config.json` that explains every setting of a server."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolcrib.cli.core import accounts
from toolcrib.cli.core.failures import CannotTell

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

HEAD = (
    "Settings of a Toolcrib server. null means that the default holds, and names that begin with an underscore only "
    "explain. The environment wins over this file."
)


def write(folder: Path | None, *, force: bool) -> Path:
    """Write the file into the data directory. Returns where it is.

    Raises:
        CannotTell: it is there already, or cannot be written.
    """
    from toolcrib.settings import CONFIG_NAME, Settings
    from toolcrib.settings.data import Data

    place = folder or Data().data_dir
    file = place.expanduser() / CONFIG_NAME
    if file.exists() and not force:
        raise CannotTell(
            f"{file} is there already. With --force it is written anew, and its values are lost."
        )
    found: dict[str, Any] = {"_": HEAD}
    for field, info in Settings.model_fields.items():
        names = _names(field, info)
        if "DATA_DIR" in names:
            continue  # this file is in it
        found[f"_{names[0]}"] = _explained(names, info)
        found[names[0]] = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        accounts.write_private(file, found)
    except OSError as bad:
        raise CannotTell(f"{file} cannot be written: {bad.strerror}.") from bad
    return file


def _names(field: str, info: "FieldInfo") -> list[str]:
    from pydantic import AliasChoices

    alias = info.validation_alias
    return [str(each) for each in (alias.choices if isinstance(alias, AliasChoices) else [alias or field])]


def _explained(names: list[str], info: "FieldInfo") -> str:
    from pydantic import SecretStr

    default = info.default
    text = str(info.description)
    if isinstance(default, SecretStr) or default in ("", None, []):
        shown = ""
    else:
        shown = json.dumps(default, default=str, ensure_ascii=False)
    other = f" Also: {', '.join(names[1:])}." if names[1:] else ""
    return f"{text}{other}" + (f" Default: {shown}" if shown else "")
