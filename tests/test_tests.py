"""Every test says what it expects."""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SAYING = {"raises", "warns", "expect", "compare"}
"""Calls that fail by themselves; `compare` is that of courses of events."""
OF_PERSONS = {
    "sees",
    "reads_heading",
    "finds_no_barrier",
    "finds_no_barrier_in_the_dark",
    "scrolls_down_only",
    "walk",
    "look",
}
"""The same of persons at browsers, in journeys only."""


def found_in(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The tests of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.name.startswith("test_"):
            yield node


def expects(test: ast.AST, path: Path) -> bool:
    """Whether something in it can fail on what the product does."""
    verbs = SAYING | (OF_PERSONS if "journeys" in path.parts else set())
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in verbs or name.startswith("assert_"):
                return True
    return False


def test_no_test_only_runs_something() -> None:
    silent = [
        f"{path.relative_to(HERE)}:{test.lineno} {test.name}"
        for path in sorted(HERE.rglob("test_*.py"))
        for test in found_in(path)
        if not expects(test, path)
    ]
    assert not silent, "\n".join(silent)
