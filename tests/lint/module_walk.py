"""What our own rules on code share: a walk through a module that knows in which function it is."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that breaks a rule: where, in which function, by what."""

    file: str
    line: int
    function: str
    what: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What an allowance names: it outlives other lines."""
        return self.file, self.function, self.what


class ModuleWalk(ast.NodeVisitor):
    """A walk through one module that collects findings. A rule is a subclass with visits of its own.

    Its sentences for people take `function` and `what`: one of a finding, one of an allowance that nothing needs.
    """

    broken: ClassVar[str]
    unneeded: ClassVar[str]

    def __init__(self, file: str) -> None:
        self._file = file
        self._scopes: list[str] = []
        self.found: list[Finding] = []

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.within(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as ast names it

    def within(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """Walk through what a definition holds."""
        self._scopes.append(node.name)
        self.generic_visit(node)
        self._scopes.pop()

    def report(self, node: ast.expr | ast.stmt, what: str) -> None:
        """Add a finding, once a line."""
        function = ".".join(self._scopes) or "the module"
        finding = Finding(self._file, node.lineno, function, what)
        if finding not in self.found:
            self.found.append(finding)


def findings(rule: type[ModuleWalk], source: str, file: str) -> list[Finding]:
    """Every place of a module that breaks a rule."""
    walk = rule(file)
    walk.visit(ast.parse(source, file))
    return walk.found


def findings_below(rule: type[ModuleWalk], folder: Path, root: Path) -> Iterator[Finding]:
    """Those of all modules below a folder, files named from the root on."""
    for path in sorted(folder.rglob("*.py")):
        yield from findings(rule, path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())


def complaints(
    rule: type[ModuleWalk], found: Iterable[Finding], allowed: Iterable[tuple[str, str, str]]
) -> Iterator[str]:
    """What is wrong: findings that are not allowed, and allowances that nothing needs."""
    places = set(allowed)
    unused = set(places)
    for finding in found:
        unused.discard(finding.place)
        if finding.place not in places:
            said = rule.broken.format(function=finding.function, what=finding.what)
            yield f"{finding.file}:{finding.line}: {said}"
    for file, function, what in sorted(unused):
        yield f"{file}: {rule.unneeded.format(function=function, what=what)} any more: take the allowance away"
