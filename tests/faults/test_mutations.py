"""Proof that the tests of durability bite: each fault we promise not to have is put in, and must be found.

A mutation is one place of the source, changed in a copy; the short test of its row has to fail on it,
and to pass on the copy as it was. Where the old text is no longer there, say the same of the new one.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSED, FAILED = 0, 1  # pytest's words; others are for tests that could not be run

KILL = (
    "tests/faults/test_kill.py::test_nothing_promised_is_lost_by_a_few_kills_and_no_transaction_is_half_done"
)
POWER = "tests/stores/test_power.py::test_no_promise_is_lost_with_the_power"
SYNC = (
    "tests/stores/test_disk.py::test_after_a_failed_sync_nothing_is_promised_and_what_was_promised_is_there"
)
FULL = "tests/stores/test_disk.py::test_a_full_disk_refuses_and_takes_messages_again_once_there_is_room"
READER = (
    "tests/faults/test_slow_reader.py"
    "::test_one_past_the_limit_costs_the_slow_reader_its_connection_and_nobody_else_anything"
)
HELD = "tests/faults/test_one_among_many.py::test_one_that_stops_is_ended_and_costs_little_memory"
COUNTED = "tests/faults/test_one_among_many.py::test_what_waits_for_one_that_stops_is_all_that_is_held_for_it"
TURNS = (
    "tests/faults/test_one_among_many.py::test_what_waits_for_one_that_stops_is_no_work_of_the_others_turns"
)
END = "tests/server/test_data.py::test_the_end_at_once_is_one_line_and_1"
SLOW = "tests/faults/test_slow_disk.py::test_a_slow_disk_keeps_nobody_waiting_who_does_not_need_it"
MANY = "tests/faults/test_many_connections.py::test_many_connections_are_held_in_little_memory"
STORES = "tests/stores/test_store_model.py::test_a_store_in_a_file_answers_as_one_in_memory"
QUEUES = "tests/engines/test_queue_model.py::TestQueues"
CHOOSING = "tests/engines/test_choosing_model.py::TestChoosing"


class Mutation(NamedTuple):
    """A fault.

    Attributes:
        test: what must find it.
        file: of the package.
        old: text that is there once.
        new: what takes its place.
    """

    test: str
    file: str
    old: str
    new: str


MUTATIONS = {
    "receipts come before the commit, which takes its time": Mutation(
        KILL,
        "stores/sqlite/writer.py",
        "                    answers.append(partial(task.done, None))\n            self._changing.commit()\n",
        "                    self._post(partial(task.done, None))\n"
        "            __import__('time').sleep(0.05)\n            self._changing.commit()\n",
    ),
    "what was acknowledged comes back": Mutation(
        KILL,
        "engines/local/writing/batch.py",
        "            changes.append(Remove(queue, list(keys)))\n",
        "            changes.append(Remove(queue, list(keys)[1:]))\n",
    ),
    "what comes after a kill is what nobody sent": Mutation(
        KILL,
        "engines/local/queues/durable_queue.py",
        "            deliveries = 1\n",
        "            deliveries = 1\n            message = message._replace(body=message.body + b'7')\n",
    ),
    "what is in memory is not written": Mutation(
        KILL,
        "engines/local/queues/paging.py",
        "                self._journal.put(self._name, part[:taken])\n",
        "                pass\n",
    ),
    "the loop itself waits for the disk": Mutation(
        SLOW,
        "stores/sqlite/store.py",
        "self._writer.tasks.put(Write(changes, done))",
        "self._writer._do([Write(changes, done)])",
    ),
    "receipts come before a slow disk has it": Mutation(
        SLOW,
        "stores/sqlite/writer.py",
        "                    answers.append(partial(task.done, None))\n            self._changing.commit()\n",
        "                    self._post(partial(task.done, None))\n            self._changing.commit()\n",
    ),
    "heart-beats are late": Mutation(SLOW, "protocol/heartbeat.py", "_SEND_AT = 0.95", "_SEND_AT = 2.1"),
    "a limit of connections is counted too low": Mutation(
        MANY,
        "server/admission.py",
        "if self.connections >= self._limits.connections:",
        "if self.connections >= self._limits.connections // 64:",
    ),
    "who promised no heart-beats is taken for gone": Mutation(
        MANY,
        "protocol/heartbeat.py",
        "return self._expect_every > 0.0 and self.received + self._expect_every * TOLERANCE < now",
        "return self._send_every > 0.0 and self.received + self._send_every * TOLERANCE < now",
    ),
    "each connection has 64 KiB of its own": Mutation(
        MANY,
        "server/connection.py",
        "        self._broker = broker\n",
        "        self._broker = broker\n        globals().setdefault('buffers', []).append(b'x' * 65_536)\n",
    ),
    "a commit does not wait for the disk": Mutation(
        POWER, "stores/sqlite/schema.py", '("synchronous", "FULL")', '("synchronous", "NORMAL")'
    ),
    "a failed sync is tried again, and taken for done": Mutation(
        SYNC,
        "stores/sqlite/writer.py",
        "            if not _is_full(error):\n                raise\n            answers =",
        "            answers =",
    ),
    "a failed sync is not even noticed": Mutation(
        SYNC,
        "stores/sqlite/writer.py",
        "            self._changing.forget()\n            raise\n",
        "            self._changing.forget()\n",
    ),
    "an end for a failed sync is one in order": Mutation(
        END, "server/ending.py", "os._exit(1)", "os._exit(0)"
    ),
    "what was promised before a failed sync is not recovered": Mutation(
        SYNC,
        "stores/sqlite/store.py",
        "    recovered = read_all(connection, meter)\n",
        "    if connection.execute(\"SELECT value FROM meta WHERE name = 'is_clean'\").fetchone() == (0,):\n"
        "        connection.execute('DELETE FROM pending')\n"
        "    recovered = read_all(connection, meter)\n",
    ),
    "what is written together is kept in parts": Mutation(
        POWER,
        "stores/sqlite/changing.py",
        "            self._kinds[type(change)](change)\n",
        "            self._kinds[type(change)](change)\n"
        "            self._gathering.write()\n"
        "            self._connection.execute('COMMIT')\n"
        "            self._connection.execute('BEGIN IMMEDIATE')\n",
    ),
    "a full disk is the end": Mutation(
        FULL,
        "stores/sqlite/writer.py",
        "            if not _is_full(error):\n                raise\n            answers =",
        "            raise\n            answers =",
    ),
    "what a full disk has no room for is receipted": Mutation(
        FULL,
        "stores/sqlite/writer.py",
        'return [partial(task.done, Refused("disk is full", detail=detail))]',
        "return [partial(task.done, None)]",
    ),
    "a disk that was full is full for ever": Mutation(
        FULL,
        "stores/sqlite/writer.py",
        "            answers = self._commit(tasks)\n",
        "            task = tasks[0]\n"
        "            if self._is_squeezed and isinstance(task, Write) and isinstance(task.changes[0], Put):\n"
        "                answers = [partial(task.done, Refused('disk is full', detail=''))]\n"
        "            else:\n"
        "                answers = self._commit(tasks)\n",
    ),
    "a file is cut at its end": Mutation(
        FULL,
        "stores/sqlite/writer.py",
        "        self._connection.close()\n",
        "        self._connection.close()\n"
        "        file = self._directory.path / 'hoofbeat.db'\n"
        "        file.write_bytes(file.read_bytes()[:-4096])\n",
    ),
    "each piece that waits for a slow reader has 64 KiB of its own": Mutation(
        HELD,
        "protocol/outbox.py",
        "        self._chunks.append(chunk)\n",
        "        self._chunks.append(chunk)\n"
        "        if self.is_paused:\n"
        "            globals().setdefault('buffers', []).append(b'x' * 65_536)\n",
    ),
    "what is written is kept once more": Mutation(
        HELD,
        "transports/stream.py",
        "        if len(chunks) == 1:\n",
        "        globals().setdefault('kept', []).append(bytearray().join(chunks))\n"
        "        if len(chunks) == 1:\n",
    ),
    "what waits for a slow reader is kept once more": Mutation(
        COUNTED,
        "protocol/outbox.py",
        "        self._chunks.append(chunk)\n",
        "        self._chunks.append(chunk)\n"
        "        if self.is_paused:\n"
        "            globals().setdefault('kept', []).append(bytearray(chunk))\n",
    ),
    "a slow reader is told, and stays": Mutation(
        HELD,
        "broker/broker.py",
        "                session.is_soft = False\n                session.outbox.drop()",
        "                session.is_soft = True\n                session.outbox.drop()",
    ),
    "what waits for a slow reader is counted anew with each message": Mutation(
        TURNS,
        "protocol/outbox.py",
        "        self.size += len(chunk)\n        self._chunks.append(chunk)\n",
        "        self._chunks.append(chunk)\n        self.size = sum([len(each) for each in self._chunks])\n",
    ),
    "a slow reader is waited for": Mutation(
        TURNS,
        "protocol/outbox.py",
        "        self._chunks.append(chunk)\n",
        "        self._chunks.append(chunk)\n"
        "        if self.is_paused:\n"
        "            __import__('time').sleep(0.0005)\n",
    ),
    "there is no limit to what waits for a slow reader": Mutation(
        READER,
        "engines/local/topics/topic.py",
        "if outbox.is_paused and not outbox.has_room(len(chunk), self._outbox_bytes):",
        "if False:",
    ),
    "a page is read backwards": Mutation(
        STORES, "stores/sqlite/reading.py", "    ORDER BY p.seq LIMIT ?", "    ORDER BY p.seq DESC LIMIT ?"
    ),
    "a queue takes the last first": Mutation(
        QUEUES,
        "engines/local/queues/ready.py",
        "for message in lane:\n                if len(taken)",
        "for message in reversed(lane):\n                if len(taken)",
    ),
    "an acknowledgement never gets to the store": Mutation(
        QUEUES,
        "engines/local/writing/batch.py",
        "            changes.append(Remove(queue, list(keys)))\n",
        "            changes.append(Remove(queue, list(keys)[1:]))\n",
    ),
    "a choosy consumer gets what it does not want": Mutation(
        CHOOSING,
        "broker/selecting/condition.py",
        "self._answer = selector.matches(self._scene.headers_of(envelope))",
        "self._answer = True",
    ),
}
TESTS = sorted({mutation.test for mutation in MUTATIONS.values()})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what is installed."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    return Path(shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored))


def run(source: Path, test: str) -> "subprocess.CompletedProcess[str]":
    """Run a test on that source, away from what looks at ours."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    options = (
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-p",
        "tests.faults.hasty",
        "--hypothesis-seed=1",
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, test],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
        env={**others, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_can_be_put_in(name: str) -> None:
    test, file, old, _ = MUTATIONS[name]
    assert (ROOT / "src" / "hoofbeat" / file).read_text().count(old) == 1, f"{file} has changed"
    module, _, what = test.partition("::")
    assert re.search(rf"^((class|def) )?{what}\b", (ROOT / module).read_text(), re.MULTILINE)


@pytest.mark.slow
@pytest.mark.needs("gcc", "mount", "strace")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_found(source: Path, name: str) -> None:
    test, file, old, new = MUTATIONS[name]
    path = source / "hoofbeat" / file
    text = path.read_text()
    assert text.count(old) == 1, f"{file} has changed: say {name!r} of it as it is now"
    path.write_text(text.replace(old, new))
    done = run(source, test)
    assert done.returncode == FAILED, done.stdout
    assert f"FAILED {test}" in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.needs("gcc", "mount", "strace")
@pytest.mark.parametrize("test", TESTS)
def test_without_a_fault_there_is_nothing_to_find(source: Path, test: str) -> None:
    done = run(source, test)
    assert done.returncode == PASSED, done.stdout
