"""A contract for import-linter, which looks for circles between packages only."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from grimp import ImportGraph, build_graph
from importlinter import Contract, ContractCheck, output


class AcyclicModules(Contract):
    """No module imports itself by way of others. Imports for type checking alone load nothing, so they are left out
    here; the other contracts see them."""

    type_name = "acyclic_modules"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        loaded = build_graph("toolcrib", exclude_type_checking_imports=True, cache_dir=None)
        imports = {module: loaded.find_modules_directly_imported_by(module) for module in loaded.modules}
        try:
            TopologicalSorter(imports).prepare()
        except CycleError as found:
            return ContractCheck(kept=False, metadata={"circle": found.args[1]})
        return ContractCheck(kept=True)

    def render_broken_contract(self, check: ContractCheck) -> None:
        output.print_error(" imported by ".join(check.metadata["circle"]))
