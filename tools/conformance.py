"""Keep the table of what STOMP asks for: read it, check it, write it into the docs.

``python tools/conformance.py`` writes the page, ``--check`` only says whether it is up to date.
"""

import ast
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "conformance"
PAGE = ROOT / "docs" / "reference" / "conformance.md"

VERSIONS = ("1.0", "1.1", "1.2")
STRENGTHS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "STATED")
BINDS = ("server", "client", "both")

# Tests about the table itself, and those that go beyond the specification, need no row.
WITHOUT_ROWS = (
    "test_table.py",
    "test_version_pairs.py",
    "test_faults_at_every_cut.py",
    "test_faults_over_sockets.py",
)


class Requirement(NamedTuple):
    """One thing STOMP asks for.

    Attributes:
        id: heading and number; with a version in front it names the requirement of that version.
        heading: of the specification, as it is written there.
        strength: per version that has it: MUST, MUST NOT, SHOULD, SHOULD NOT, MAY; STATED where
            the specification just says how things are. 1.0 knows no key words: what it calls
            required is MUST, what it recommends is SHOULD.
        binds: server, client or both.
        says: what is asked for, in our own words.
        tests: names of the functions that hold us to it.
    """

    id: str
    heading: str
    strength: Mapping[str, str]
    binds: str
    says: str
    tests: tuple[str, ...]


class Test(NamedTuple):
    """One conformance test, as its source shows it."""

    name: str
    file: str
    line: int


def requirements() -> list[Requirement]:
    """Read every row, in the order of the specification."""
    files = sorted((TESTS / "requirements").glob("*.toml"))
    rows = [row for file in files for row in tomllib.loads(file.read_text())["requirement"]]
    return [
        Requirement(
            id=row["id"],
            heading=row["heading"],
            strength={version: word for version, _, word in (entry.partition(" ") for entry in row["in"])},
            binds=row["binds"],
            says=row["says"],
            tests=tuple(row["tests"]),
        )
        for row in rows
    ]


def conformance_tests() -> list[Test]:
    """Find every conformance test that has to stand in a row."""
    files = [file for file in sorted(TESTS.glob("test_*.py")) if file.name not in WITHOUT_ROWS]
    return [
        Test(node.name, file.name, node.lineno)
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def page(rows: Iterable[Requirement], tests: Iterable[Test]) -> str:
    """Write the table as it stands in the docs."""
    files = {test.name: test.file for test in tests}
    rows = list(rows)
    parts = [_INTRODUCTION, _counts(rows)]
    heading = ""
    for row in rows:
        if row.heading != heading:
            heading = row.heading
            parts.append(
                f"\n## {heading}\n\n| id | {' | '.join(VERSIONS)} | binds | what is asked for | tests |\n"
            )
            parts.append("|---|---|---|---|---|---|---|\n")
        parts.append(_line(row, files))
    return "".join(parts)


def _line(row: Requirement, files: Mapping[str, str]) -> str:
    strengths = " | ".join(row.strength.get(version, "-") for version in VERSIONS)
    tests = "<br>".join(f"`{files.get(name, '?')}`: {_sentence(name)}" for name in row.tests)
    return f"| {row.id} | {strengths} | {row.binds} | {row.says} | {tests} |\n"


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def _counts(rows: list[Requirement]) -> str:
    lines = [f"\n| strength | {' | '.join(VERSIONS)} |\n|---|---|---|---|\n"]
    for strength in STRENGTHS:
        counts = [sum(row.strength.get(version) == strength for row in rows) for version in VERSIONS]
        if any(counts):
            lines.append(f"| {strength} | {' | '.join(map(str, counts))} |\n")
    return "".join(lines)


_INTRODUCTION = """\
# Conformance

What STOMP 1.0, 1.1 and 1.2 ask for, in our own words, and the tests that hold Hoofbeat to it.
This page is written by `tools/conformance.py` from `tests/conformance/requirements/`; a row
without a test, or a test without a row, fails the build.

STATED is what the specification says of how things are without one of its key words. STOMP 1.0
has no key words: what it calls required is MUST here, what it recommends is SHOULD. A requirement
that binds clients is tested by how the broker answers one that breaks it, or by what it tolerates.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it."""
    text = page(requirements(), conformance_tests())
    if "--check" in arguments:
        stale = not PAGE.exists() or PAGE.read_text() != text
        print(
            "docs/reference/conformance.md is", "stale: run tools/conformance.py" if stale else "up to date"
        )
        return int(stale)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
