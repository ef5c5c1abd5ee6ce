from pathlib import Path

import pytest

from benchmarks import flame
from benchmarks.flame import ProfileError, chosen, functions

LISTING = """\
--------------------------------------------------------------------------------
Ir
--------------------------------------------------------------------------------
3,250 (100.0%)  PROGRAM TOTALS

--------------------------------------------------------------------------------
Ir             file:function
--------------------------------------------------------------------------------
2,341 ( 7.20%)  /src/Objects/obmalloc.c:_PyObject_Free [/usr/lib/libpython3.11.so.1.0]
  609 ( 0.81%)  ???:CPyDef_ready___Ready___add [/x/hoofbeat__mypyc.so]
  200 ( 0.81%)  ./Include/object.h:list_dealloc
  100 ( 0.80%)  /src/Objects/listobject.c:list_dealloc [/usr/lib/libpython3.11.so.1.0]
"""


def test_functions_are_listed_without_the_files_they_stand_in() -> None:
    assert functions(LISTING) == {
        "_PyObject_Free": 2341,
        "CPyDef_ready___Ready___add": 609,
        "list_dealloc": 300,
    }


def test_a_workload_is_chosen_by_a_part_of_its_name() -> None:
    assert chosen("fan", ["queue", "fan-out 1", "fan-out 2"]) == "fan-out 1"


def test_a_part_of_no_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ProfileError, match="no workload has 'x' in its name: fan, queue"):
        chosen("x", ["fan", "queue"])


def test_what_is_missing_for_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(flame, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["flame.py"])
    assert flame.main() == 1
    assert capsys.readouterr().err == (
        "profile: no flame graph, because there is no C compiler\n"
        "profile: no list of functions, because valgrind is not installed\n"
    )
