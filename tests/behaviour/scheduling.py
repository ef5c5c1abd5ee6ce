"""What the tests of delayed and scheduled messages share."""

from hoofbeat.assembly import LocalEngine
from hoofbeat.config import BrokerConfig
from hoofbeat.engines.local.scheduling.job import Job
from tests.conformance.wire import Client, Wire, frame
from tests.patient_store import Disk, PatientStore


def send(body: bytes, *headers: str, to: str = "/queue/a") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def subscribe(to: str = "/queue/a", *headers: str) -> bytes:
    return frame("SUBSCRIBE", "id:0", f"destination:{to}", *headers)


def engine(wire: Wire) -> LocalEngine:
    assert isinstance(wire.broker.engine, LocalEngine)
    return wire.broker.engine


def jobs(wire: Wire) -> list[Job]:
    """Return what waits, the next first."""
    waiting = engine(wire).schedule._jobs.values()
    return sorted(waiting, key=lambda job: (job.due_ms, job.message.number))


def receipts(client: Client) -> list[str]:
    return [heard.header("receipt-id") for heard in client.frames() if heard.command == "RECEIPT"]


def begin(
    disk: Disk, config: BrokerConfig | None = None, *, is_patient: bool = False
) -> tuple[Wire, PatientStore]:
    """Start a broker with what a disk kept."""
    store = PatientStore(disk, is_patient=is_patient)
    return Wire(config, store=store, epoch="later"), store


def end(wire: Wire) -> None:
    """Stop a broker in order."""
    wire.broker.drain(wire.now())
    engine(wire).close()
