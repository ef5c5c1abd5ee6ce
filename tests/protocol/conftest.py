"""The scanner's two twins."""

import importlib.util
from pathlib import Path

import pytest

from hoofbeat.protocol.scanner import Scan
from tools.compile import SCANNER, SOURCE, extend


def _load(path: Path) -> Scan:
    spec = importlib.util.spec_from_file_location("hoofbeat.protocol._scanner", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.scan


@pytest.fixture(scope="session")
def compiled_scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """Scan as the compiled core does; where the core is plain, the scanner is compiled for this run."""
    if importlib.util.find_spec("hoofbeat.protocol._scanner") is not None:
        from hoofbeat.protocol._scanner import scan

        return scan
    folder = tmp_path_factory.mktemp("scanner")
    [extension] = extend(SOURCE, folder, SCANNER)
    return _load(folder / extension)
