"""Inventories in YAML. `inventory` imports this with the first one: YAML takes 2 MB, and few servers get one."""

from __future__ import annotations

from typing import Any, ClassVar

import yaml

MOST_LEVELS = 20

_BEGINS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_ENDS = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_NULL = "tag:yaml.org,2002:null"


# In C, where the library has it: some twenty times quicker.
class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Reads text, lists, mappings and null, every value as it is written: YAML would make 83 of the password 0123, and
    750 of 12:30. Other types, which only a tag can ask for, are refused: the library's own constructors of numbers and
    times fail on nonsense in ways that are no YAMLError, and take seconds for long numbers."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in known if tag == _NULL]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def list_of(self, node: yaml.Node) -> list[Any]:
        found: list[Any] = self.construct_sequence(node, deep=True)
        return found

    def mapping_of(self, node: yaml.Node) -> dict[Any, Any]:
        found: dict[Any, Any] = self.construct_mapping(node, deep=True)
        return found

    def nothing(self, node: yaml.Node) -> None:
        self.construct_scalar(node)

    def refuse(self, node: yaml.Node) -> None:
        raise yaml.constructor.ConstructorError(problem=f"no inventory needs {node.tag}")


_Loader.add_constructor("tag:yaml.org,2002:str", _Loader.construct_scalar)
_Loader.add_constructor("tag:yaml.org,2002:seq", _Loader.list_of)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.mapping_of)
_Loader.add_constructor(_NULL, _Loader.nothing)
_Loader.add_constructor(None, _Loader.refuse)  # of every other tag


class NotAccepted(Exception):
    """The text cannot be read. `str()` says why."""


def parse(text: str) -> Any:
    """Return what the text says, every value as it is written.

    Raises:
        NotAccepted: it is not YAML, or of a kind that no inventory needs.
    """
    try:
        _check_structure(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - it makes no objects
    except (yaml.YAMLError, ValueError):
        raise NotAccepted("This is no YAML.") from None


def _check_structure(text: str) -> None:
    """Refuse what may stand for more than any memory holds, and what is nested deeper than the loader can follow."""
    levels = 0
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.AliasToken):
            raise NotAccepted("An inventory has no YAML aliases.")
        if isinstance(token, _BEGINS):
            levels += 1
            if levels > MOST_LEVELS:
                raise NotAccepted("This is nested too deep for an inventory.")
        elif isinstance(token, _ENDS):
            levels -= 1


def compose(value: dict[str, Any]) -> str:
    """Return `value` as YAML."""
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
