"""The rule that modules do not import each other in a loop, whether at run time, in a function, or for types alone.

Modules that need each other are one module in several files: none of them can be read, tested or moved by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import grimp


def imports_of(packages: Sequence[str]) -> dict[str, set[str]]:
    """By each module of some installed packages, the modules of these packages that it imports."""
    graph = grimp.build_graph(packages[0], *packages[1:], cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def loops(imports: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """Loops, each from the module it begins with back to that; none shares a module with another.

    A module whose loop was found is left out, so that further loops may show once that one is mended.
    """
    left, found = dict(imports), list[tuple[str, ...]]()
    while True:
        try:
            TopologicalSorter({m: [i for i in all_ if i in left] for m, all_ in left.items()}).prepare()
        except CycleError as error:
            loop = tuple(reversed(error.args[1]))  # graphlib gives it from the imported module on
            found.append(loop)
            for module in loop:
                left.pop(module, None)
        else:
            return found
