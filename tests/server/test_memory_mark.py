"""Memory: what there is, what is used, and when it is short."""

from pathlib import Path

from hoofbeat.server.memory_mark import MemoryMark, available_bytes, give_back, resident_bytes


def test_this_process_holds_some_memory_and_less_than_there_is() -> None:
    assert 1024 * 1024 < resident_bytes() < available_bytes()


def test_a_container_s_limit_counts_where_it_is_less(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("123456789\n")
    assert available_bytes([limit]) == 123_456_789


def test_no_limit_and_no_such_file_leave_what_the_machine_has(tmp_path: Path) -> None:
    unlimited = tmp_path / "memory.max"
    unlimited.write_text("max\n")
    assert available_bytes([unlimited, tmp_path / "missing"]) == available_bytes([])


def test_memory_is_short_above_the_mark_and_not_at_it() -> None:
    used = [100]
    mark = MemoryMark(100, lambda: used[0], lambda: None)
    assert not mark.is_short()
    used[0] = 101
    assert mark.is_short()


def test_memory_that_only_was_not_given_back_is_not_short() -> None:
    used = [101]
    mark = MemoryMark(100, lambda: used[0], lambda: used.__setitem__(0, 50))
    assert not mark.is_short()


def test_without_a_mark_memory_is_never_short() -> None:
    assert not MemoryMark(0, lambda: 10**18, lambda: None).is_short()


def test_giving_back_harms_nothing() -> None:
    give_back()
