"""One person's roles in all registered projects, of which there may be many thousands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolcrib.kernel.identity.principal import Role


class ProjectNames:
    """The names of all registered projects, shared by all people."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.all = frozenset(names)

    @cached_property
    def digest(self) -> bytes:
        """Stands for the names: the same in every process."""
        return blake2b("\n".join(sorted(self.all)).encode(), digest_size=16).digest()


class ProjectRoles(Mapping[str, "Role | None"]):
    """Maps all registered names to one person's roles, None where they have none. `mine` are those they have."""

    def __init__(self, names: ProjectNames | None = None, mine: Mapping[str, Role] | None = None) -> None:
        self.names = names or ProjectNames()
        self.mine: Mapping[str, Role] = mine or {}

    def __getitem__(self, name: str) -> Role | None:
        role = self.mine.get(name)
        if role is None and name not in self.names.all:
            raise KeyError(name)
        return role

    def __contains__(self, name: object) -> bool:
        return name in self.names.all

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.all)

    def __len__(self) -> int:
        return len(self.names.all)

    @cached_property
    def digest(self) -> str:
        """Stands for the names and the roles: equal in every process for equal ones. Reads them all once."""
        own = repr(sorted(self.mine.items())).encode()
        return blake2b(self.names.digest + own, digest_size=16).hexdigest()
