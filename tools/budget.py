"""Measure the size of the house, and refuse what is over budget.

Prints, and keeps at zero: files over 400 lines, functions over 40 lines, import cycles, public names
without a docstring. ``type: ignore`` may stand five times, each with its reason. A number may only go down.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("src", "tests", "tools", "benchmarks", "examples", "hatch_build.py")
SUFFIXES = (".py", ".js", ".css", ".html", ".sh")
NOT_OURS = {"vendor", "node_modules", "__pycache__"}

FILE_LINES = 400
FUNCTION_LINES = 40
IGNORES = 5

IGNORE = re.compile(r"#\s*type:\s*ignore")
REASONED = re.compile(r"#\s*type:\s*ignore\[[^\]]+\]\s*#\s*\w")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function
Graph = Mapping[str, set[str]]


def main() -> int:
    """Print the table and what is over it; 1 if anything is."""
    sources = {path: path.read_text("utf-8") for path in files()}
    trees = {path: ast.parse(text) for path, text in sources.items() if path.suffix == ".py"}
    ours = {module_name(path): tree for path, tree in trees.items() if path.is_relative_to("src")}
    ignores = [at for path in trees for at in ignores_in(path, sources[path])]
    measures = [
        (f"files > {FILE_LINES} lines", 0, list(long_files(sources))),
        (f"functions > {FUNCTION_LINES} lines", 0, list(long_functions(trees))),
        ("import cycles", 0, [" <-> ".join(cycle) for cycle in cycles(imports(ours))]),
        ("public names without docstring", 0, list(undocumented(ours))),
        ("type: ignore", IGNORES, ignores),
        ("type: ignore without code and reason", 0, [at for at in ignores if not REASONED.search(at)]),
    ]
    return report(measures)


def report(measures: list[tuple[str, int, list[str]]]) -> int:
    """Print each measure beside its budget, and the offenders where it is over."""
    over = [measure for measure in measures if len(measure[2]) > measure[1]]
    for name, budget, found in measures:
        print(f"{len(found):>4} of {budget:<2} {name}")
    for name, _, found in over:
        print(f"\n{name}:", *found, sep="\n  ", file=sys.stderr)
    return int(bool(over))


def files() -> Iterator[Path]:
    """Every file of ours that a person reads as code, relative to the root."""
    for place in PLACES:
        start = ROOT / place
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and path.suffix in SUFFIXES and not NOT_OURS & set(path.parts):
                yield path.relative_to(ROOT)


def long_files(sources: Mapping[Path, str]) -> Iterator[str]:
    """Name the files that are over budget."""
    for path, text in sources.items():
        lines = len(text.splitlines())
        if lines > FILE_LINES:
            yield f"{path}: {lines} lines"


def long_functions(trees: Mapping[Path, ast.Module]) -> Iterator[str]:
    """Name the functions that are over budget, their docstrings counted."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{path}:{node.lineno} {node.name}: {lines} lines"


def undocumented(modules: Mapping[str, ast.Module]) -> Iterator[str]:
    """Name what is public and says nothing about itself."""
    for name, tree in modules.items():
        for dotted, node in public(name, tree):
            if ast.get_docstring(node) is None:
                yield dotted


def public(name: str, node: Documented) -> Iterator[tuple[str, Documented]]:
    """A module or class and all in it that has no underscore; overloads speak through their function."""
    yield name, node
    if isinstance(node, Function):
        return
    for child in node.body:
        if isinstance(child, Documented) and not child.name.startswith("_") and not is_overload(child):
            yield from public(f"{name}.{child.name}", child)


def is_overload(node: Documented) -> bool:
    """Say whether a function is only a shape of another, or a property's setter."""
    decorators = node.decorator_list if isinstance(node, Function) else []
    return any(ast.unparse(one).endswith(("overload", ".setter")) for one in decorators)


def ignores_in(path: Path, text: str) -> Iterator[str]:
    """Every comment that silences the type checker."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and IGNORE.match(token.string):
            yield f"{path}:{token.start[0]} {token.string}"


def module_name(path: Path) -> str:
    """``src/a/b.py`` is ``a.b``; a package goes by its folder."""
    parts = path.with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(modules: Mapping[str, ast.Module]) -> Graph:
    """Which module of ours imports which, wherever in the file it does."""
    return {name: set(imported(tree, modules)) - {name} for name, tree in modules.items()}


def imported(tree: ast.Module, modules: Mapping[str, ast.Module]) -> Iterator[str]:
    """The modules of ours that one module imports; relative imports are not our way."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules or node.module in modules:
                    yield inner if inner in modules else node.module


def cycles(graph: Graph) -> list[list[str]]:
    """Groups of modules that reach each other."""
    reach = {name: reachable(graph, name) for name in graph}
    groups = {frozenset(other for other in seen if name in reach[other]) for name, seen in reach.items()}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def reachable(graph: Graph, start: str) -> set[str]:
    """All that a module imports, directly or through others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in graph[waiting.pop()] - seen:
            seen.add(name)
            waiting.append(name)
    return seen


if __name__ == "__main__":
    sys.exit(main())
