"""``hoofbeat store``: a data directory without a broker."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hoofbeat.cli.counting import use
from hoofbeat.stores.base import (
    Append,
    DurableSubscription,
    Mark,
    Put,
    Remember,
    Remove,
    Retain,
    Subscribe,
    Trim,
)
from hoofbeat.stores.sqlite.schema import FILE
from tests.cli.test_main import outcome
from tests.contracts.store import keys, message, put
from tests.stores.test_sqlite import opened

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A store with some of everything."""
    asker = opened(tmp_path / "data")
    asker.store.recover()
    asker.write(
        put(1, 2),
        Put(["/queue/a", "/queue/b"], [message(3, bytes(range(256)), 9)]),
        Put(["/queue/b"], [message(4)], 1_900_000_000_000),
        Put(["schedule"], [message(8)], 1_900_000_001_000),
        Put(["schedule"], [message(9)], 1_900_000_000_000),
        Put(["/dsub/news"], [message(10)]),
        Subscribe(DurableSubscription("/dsub/news", "/topic/*", "", "", is_proven=False)),
        Mark("/queue/a", keys(2), [7]),
        Subscribe(DurableSubscription("ann/news", "/topic/news", "a = 'ü'", "ann", is_proven=True)),
        Retain("/topic/news", message(5, "grüezi".encode())),
        Append("/topic/log", 1, [message(6), message(7)], 1_800_000_000_000),
        Trim("/topic/log", 2),
        Remember("/queue/a", ["order 1", "order 2"], [1_800_000_000_000, 1_800_000_000_001]),
        put(90),
        Remove("/queue/a", keys(90)),
    )
    asker.store.close()
    return tmp_path / "data"


def damage(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / FILE)) as connection, connection:
        connection.execute(statement)


def test_a_store_in_order_is_said_to_be(capsys: Capture, data: Path) -> None:
    assert outcome(capsys, "store", "check", str(data)) == (0, f"{data} is in order\n", "")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE message SET refs = 3 WHERE seq = 1", "message 1 is needed 1 times, and counted 3 times"),
        ("DELETE FROM pending WHERE seq = 1", "message 1 is needed 0 times, and counted 1 times"),
        ("DELETE FROM message WHERE seq = 1", "message 1 is needed, and missing"),
        (
            "UPDATE pending SET queue = 99 WHERE seq = 1",
            "message 1 waits in queue number 99, which has no name",
        ),
        (
            "UPDATE durable_subscription SET selector = '((' WHERE owner = 'ann'",
            "durable subscription ann/news: selector: the end where a header, a text or a number should stand"
            " at character 3",
        ),
    ],
)
def test_what_is_wrong_with_a_store_is_named(capsys: Capture, data: Path, statement: str, fault: str) -> None:
    damage(data, statement)
    code, out, err = outcome(capsys, "store", "check", str(data))
    assert (code, out) == (1, f"{fault}\n")
    assert "restore a backup" in err


def test_a_damaged_file_is_named(capsys: Capture, data: Path) -> None:
    content = (data / FILE).read_bytes()
    (data / FILE).write_bytes(content[:8192] + b"x" * (len(content) - 8192))
    assert outcome(capsys, "store", "check", str(data))[0] == 1


def test_what_waits_is_counted(capsys: Capture, data: Path) -> None:
    code, out, err = outcome(capsys, "store", "stats", str(data))
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()][1:]
    assert lines == [
        "closed in order",
        "queue /queue/a 3 messages, 321 bytes",
        "queue /queue/b 1 messages, 277 bytes, 1 delayed",
        "durable /dsub/news 1 messages, 23 bytes; without a login, on /topic/*",
        "durable ann/news 0 messages, 0 bytes; of ann, on /topic/news, where a = 'ü'",
        "schedule 2 messages, the next due 2030-03-17 17:46:40 UTC",
        "retained /topic/news",
        "history /topic/log 1 messages from offset 2 on",
    ]


def test_a_durable_subscription_is_deleted_with_what_waits_for_it(capsys: Capture, data: Path) -> None:
    assert outcome(capsys, "store", "forget", str(data), "/dsub/news") == (
        0,
        "/dsub/news is gone, and what waited for it\n",
        "",
    )
    out = outcome(capsys, "store", "stats", str(data))[1]
    assert "/dsub/news" not in out
    assert "ann/news" in out
    assert "/queue/a  3 messages" in out
    assert outcome(capsys, "store", "check", str(data))[0] == 0
    asker = opened(data)
    assert [each.name for each in asker.store.recover().subscriptions] == ["ann/news"]
    asker.store.close()


def test_a_durable_subscription_that_is_not_there_is_named(capsys: Capture, data: Path) -> None:
    code, out, err = outcome(capsys, "store", "forget", str(data), "/dsub/nobody")
    assert (code, out) == (1, "")
    assert (
        "there is no durable subscription '/dsub/nobody': `hoofbeat store stats` lists what there is" in err
    )
    assert outcome(capsys, "store", "stats", str(data))[1].count("durable") == 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_span_is_said_in_one_unit(seconds: float, said: str) -> None:
    durable = {"is_used": False, "unused_seconds": seconds, "is_longer": True}
    assert use(durable) == f", away for {said} or longer"


def test_what_is_not_acknowledged_is_counted() -> None:
    assert use({"is_used": True, "unsettled": 3}) == ", in use, 3 not acknowledged"


def test_what_is_due_after_the_calendar_ends_is_counted(capsys: Capture, data: Path) -> None:
    damage(data, "UPDATE pending SET visible_at = 999999999999999 WHERE visible_at > 0")
    assert "2 messages, the next due after the year 9999" in outcome(capsys, "store", "stats", str(data))[1]


def test_what_a_terminal_might_obey_is_escaped(capsys: Capture, data: Path) -> None:
    damage(data, "UPDATE durable_subscription SET selector = 'a =' || char(10, 27) || '[2J1'")
    out = outcome(capsys, "store", "stats", str(data))[1]
    assert "where a =\\n\\x1b[2J1\n" in out


def test_to_look_leaves_no_trace(capsys: Capture, data: Path) -> None:
    before = outcome(capsys, "store", "stats", str(data))
    outcome(capsys, "store", "check", str(data))
    assert outcome(capsys, "store", "stats", str(data)) == before


def test_a_store_goes_through_lines_unchanged(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path
) -> None:
    code, lines, _ = outcome(capsys, "store", "export", str(data))
    assert code == 0
    assert json.loads(lines.splitlines()[0])["next_number"] == 91
    assert "grüezi" in lines
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    other = tmp_path / "other"
    count = len(lines.splitlines())
    assert outcome(capsys, "store", "import", str(other)) == (0, f"{count} records are in {other}\n", "")
    assert sorted(outcome(capsys, "store", "export", str(other))[1].splitlines()) == sorted(
        lines.splitlines()
    )
    assert outcome(capsys, "store", "check", str(other))[0] == 0
    assert what_is_in(other) == what_is_in(data)


def imported(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, data: Path, *records: dict[str, Any]
) -> tuple[int, str, str]:
    """Import these records, behind the line that tells of a store."""
    store = {"record": "store", "version": 1, "epoch": "e", "next_number": 1, "is_clean": True}
    lines = "".join(json.dumps(record) + "\n" for record in (store, *records))
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    return outcome(capsys, "store", "import", str(data))


SUBSCRIPTION = {
    "record": "subscription",
    "name": "d",
    "destination": "/topic/a",
    "selector": "",
    "owner": "ann",
}


def test_an_owner_of_whom_nothing_else_is_said_is_not_proven(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert imported(capsys, monkeypatch, tmp_path / "data", SUBSCRIPTION)[0] == 0
    asker = opened(tmp_path / "data")
    assert asker.store.recover().subscriptions == [
        DurableSubscription("d", "/topic/a", "", "ann", is_proven=False)
    ]
    asker.store.close()


MESSAGE = {
    "number": 1,
    "prefix": "e-",
    "destination": "/queue/a",
    "priority": 4,
    "expires_ms": 0,
    "headers": "",
    "body": "",
}
ENTRY = {"record": "entry", "queue": "/queue/a", "deliveries": 0, "visible_at_ms": 0}
ID = {"record": "id", "destination": "/queue/a", "id": "x", "sent_ms": 1}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({**ID, "sent_ms": 10**22}, "is no number that a store has"),
        ({**ID, "sent_ms": 1 << 62}, "is no number that a store has"),
        ({**ID, "sent_ms": -1}, "is no number that a store has"),
        ({**ID, "destination": "/nonsense/x"}, "Unknown destination '/nonsense/x'"),
        ({**SUBSCRIPTION, "selector": "(("}, "selector: the end where a header"),
        ({**SUBSCRIPTION, "selector": 0}, "TypeError"),
        ({**SUBSCRIPTION, "destination": "/nonsense/x"}, "Unknown destination '/nonsense/x'"),
        ({**SUBSCRIPTION, "destination": "/queue/x"}, "durable subscriptions are to topics"),
        ({**SUBSCRIPTION, "destination": "/topic/**/**"}, "two ** in a row"),
        ({**ENTRY, "message": {**MESSAGE, "destination": "nowhere"}}, "Unknown destination 'nowhere'"),
        ({**ENTRY, "message": {**MESSAGE, "priority": 10}}, "priority 10 is none of 0 to 9"),
    ],
)
def test_what_no_broker_would_take_up_is_refused_by_its_line(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: dict[str, Any], why: str
) -> None:
    code, out, err = imported(capsys, monkeypatch, tmp_path / "data", ID, record)
    assert (code, out) == (1, "")
    assert "line 3 is no record of a store: " in err
    assert why in err
    assert not (tmp_path / "data" / FILE).exists()


def test_a_line_that_is_nested_too_deeply_is_refused(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("[" * 100_000))
    code, _, err = outcome(capsys, "store", "import", str(tmp_path / "data"))
    assert (code, "line 1 is no record of a store" in err) == (1, True)


def what_is_in(data: Path) -> list[Any]:
    asker = opened(data)
    recovered = asker.store.recover()
    pages = [asker.page(queue, priority) for queue in ("/queue/a", "/queue/b") for priority in (4, 9)]
    history = asker.history("/topic/log")
    asker.store.close()
    return [recovered._replace(waiting=sorted(recovered.waiting)), pages, history]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "nothing to import"),
        ("what?\n", "line 1 is no record"),
        ('{"record": "entry"}\n', "line 1 is no record"),
        ('{"record": "store", "version": 99}\n', "version 99"),
        ("EXPORT" + '{"record": "whatever"}\n', "is no record of a store"),
        ("EXPORT" + '{"record": "entry", "queue": "a", "message": {}}\n', "is no record of a store"),
        (
            "EXPORT" + '{"record": "retained", "topic": "a", "message": {"body": 7}}\n',
            "is no record of a store",
        ),
    ],
)
def test_lines_that_are_no_store_leave_nothing(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path, lines: str, why: str
) -> None:
    exported = outcome(capsys, "store", "export", str(data))[1]
    monkeypatch.setattr("sys.stdin", io.StringIO(lines.replace("EXPORT", exported)))
    code, out, err = outcome(capsys, "store", "import", str(tmp_path / "other"))
    assert (code, out) == (1, "")
    assert why in err
    assert not (tmp_path / "other" / FILE).exists()


def test_what_is_there_is_not_written_over(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(outcome(capsys, "store", "export", str(data))[1]))
    code, _, err = outcome(capsys, "store", "import", str(data))
    assert code == 1
    assert "holds a store already" in err


def test_where_new_histories_begin_goes_with_the_rest(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line = {
        "record": "store",
        "version": 1,
        "epoch": "e",
        "next_number": 1,
        "first_offset": 7,
        "is_clean": True,
    }
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(line)))
    assert outcome(capsys, "store", "import", str(tmp_path / "new"))[0] == 0
    assert json.loads(outcome(capsys, "store", "export", str(tmp_path / "new"))[1]) == line


def test_a_store_is_made_small(capsys: Capture, data: Path) -> None:
    asker = opened(data)
    asker.store.recover()
    asker.write(Put(["/queue/c"], [message(number, b"x" * 10_000) for number in range(100, 200)]))
    asker.write(Remove("/queue/c", keys(*range(100, 200))))
    asker.store.close()
    before = (data / FILE).stat().st_size
    assert outcome(capsys, "store", "compact", str(data))[0] == 0
    assert (data / FILE).stat().st_size < before / 4
    assert outcome(capsys, "store", "check", str(data))[0] == 0


def test_a_file_is_not_made_small(capsys: Capture, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "saved"
    assert outcome(capsys, "store", "backup", str(data), str(file))[0] == 0
    code, out, err = outcome(capsys, "store", "compact", str(file))
    assert (code, out) == (1, "")
    assert err == f"hoofbeat: {file} is a file: name the directory that `serve --data` has\n"


def test_a_store_is_backed_up_as_it_was_left(capsys: Capture, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "saved"
    code, out, err = outcome(capsys, "store", "backup", str(data), str(file))
    assert (code, out, err) == (0, f"{file} holds {data}, {file.stat().st_size} bytes\n", "")
    assert outcome(capsys, "store", "check", str(file))[0] == 0
    original, copy = (outcome(capsys, "store", "export", str(path))[1].splitlines() for path in (data, file))
    assert copy[1:] == original[1:]
    # Whoever goes back to it may have gone on before.
    assert json.loads(copy[0]) == {**json.loads(original[0]), "is_clean": False}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "saved"]


def test_a_file_that_is_empty_is_not_made_a_store(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    code, _, err = outcome(capsys, "store", "check", str(tmp_path / "empty"))
    assert code == 1
    assert "holds no store" in err
    assert (tmp_path / "empty").stat().st_size == 0


def test_a_queue_without_a_name_is_counted(capsys: Capture, data: Path) -> None:
    damage(data, "UPDATE pending SET queue = 99 WHERE seq = 1")
    assert "number 99, which has no name  1 messages" in outcome(capsys, "store", "stats", str(data))[1]


@pytest.mark.parametrize("command", ["check", "stats", "export", "compact", "backup", "forget"])
def test_where_there_is_no_store_none_is_made(capsys: Capture, tmp_path: Path, command: str) -> None:
    more = [str(tmp_path / "saved")] * (command in ("backup", "forget"))
    code, out, err = outcome(capsys, "store", command, str(tmp_path), *more)
    assert (code, out) == (1, "")
    assert "holds no store" in err
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_a_broker_has_open_is_left_to_it(capsys: Capture, data: Path) -> None:
    asker = opened(data)
    asker.store.recover()
    code, _, err = outcome(capsys, "store", "check", str(data))
    asker.store.close()
    assert code == 1
    assert "in use by process" in err
