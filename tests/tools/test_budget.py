import ast
from pathlib import Path

from tools import budget


def test_modules_that_reach_each_other_are_a_cycle() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert budget.cycles(graph) == [["a", "b", "c"]]


def test_modules_in_a_line_are_no_cycle() -> None:
    assert budget.cycles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_an_import_of_a_module_from_its_package_counts_as_the_module() -> None:
    modules = {"p": ast.parse(""), "p.a": ast.parse("from p import b"), "p.b": ast.parse("")}
    assert budget.imports(modules)["p.a"] == {"p.b"}


def test_a_public_name_without_docstring_is_named() -> None:
    tree = ast.parse('"""Doc."""\nclass A:\n  """Doc."""\n  def f(self): ...\n  def _g(self): ...')
    assert list(budget.undocumented({"m": tree})) == ["m.A.f"]


def test_a_function_over_budget_is_named() -> None:
    def of(lines: int) -> ast.Module:
        return ast.parse("def f():\n" + " pass\n" * (lines - 1))

    trees = {Path("fits.py"): of(budget.FUNCTION_LINES), Path("long.py"): of(budget.FUNCTION_LINES + 1)}
    assert list(budget.long_functions(trees)) == ["long.py:1 f: 41 lines"]


def test_an_ignored_type_error_needs_its_code_and_its_reason() -> None:
    bare, reasoned = "x = 1  # type: ignore[misc]", "x = 1  # type: ignore[misc]  # the stub is wrong"
    assert [bool(budget.REASONED.search(line)) for line in (bare, reasoned)] == [False, True]
