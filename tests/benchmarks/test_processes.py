import os
import sys
from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.processes import Broker, StartError

LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    server.accept()
"""


def words(port: int) -> list[str]:
    return [sys.executable, "-c", LISTEN, str(port)]


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_who_is_started_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    (port,) = processes.free_ports(1)
    with processes.running(words(port), tmp_path, ports=[port]) as pid:
        broker = Broker(pid, port, 0, "")
        assert processes.is_there(broker)
        assert os.getpgid(pid) == pid
    assert not processes.is_there(broker)


def test_who_sleeps_stands_still_until_woken_and_can_be_ended_asleep(tmp_path: Path) -> None:
    (port,) = processes.free_ports(1)
    with processes.running(words(port), tmp_path, ports=[port]) as pid:
        broker = Broker(pid, port, 0, "")
        processes.put_to_sleep(broker)
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        assert state(pid) == "T"
        processes.wake(broker)
        os.waitid(os.P_PID, pid, os.WCONTINUED)
        assert state(pid) != "T"
        processes.put_to_sleep(broker)
    assert not processes.is_there(broker)


def test_who_does_not_start_says_why(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "raise SystemExit('no such luck')"]
    with (
        pytest.raises(StartError, match="no such luck"),
        processes.running(program, tmp_path, ports=processes.free_ports(1)),
    ):
        raise AssertionError("it was started")


def test_a_command_is_written_without_what_differs_between_machines() -> None:
    command = [sys.executable, str(processes.ROOT / "a.py"), "--port", "4711", "--in", "/tmp/xy"]
    assert processes.spoken(command, {"4711": "PORT", "/tmp/xy": "DIR"}) == "python a.py --port PORT --in DIR"
