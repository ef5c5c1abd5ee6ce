"""HTTP ports on free addresses, and requests to them in bytes."""

from pathlib import Path

from hoofbeat.config import AdmissionConfig
from hoofbeat.server.http import HttpPort
from hoofbeat.server.site import make_app, read_pages
from hoofbeat.transports.proxies import Proxies
from hoofbeat.transports.sites import Sites
from tests.transports.echo import Client, EchoGate
from tests.transports.wsclient import server_frames, upgrade

MESSAGE_BYTES = 100_000
HEAD_BYTES = AdmissionConfig().http_head_bytes


class Answer:
    """An HTTP answer taken apart."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode().strip().split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body = body


async def ask(
    client: Client, path: str = "/", *headers: str, method: str = "GET", host: str = "localhost"
) -> Answer:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    client.send("\r\n".join(lines).encode())
    return await answer_of(client, has_body=method != "HEAD")


async def answer_of(client: Client, *, has_body: bool = True) -> Answer:
    answer = Answer(await client.until(b"\r\n\r\n"), b"")
    size = int(answer.headers.get("content-length", "0")) if has_body and answer.status != 304 else 0
    answer.body = await client.read(size)
    return answer


async def opened(client: Client, *headers: str) -> Answer:
    client.send(upgrade("/stomp", *headers))
    return await answer_of(client)


async def message(client: Client) -> tuple[int, bytes]:
    """Read one short message."""
    head = await client.read(2)
    [frame] = server_frames(head + await client.read(head[1]))
    return frame


def limited(gate: EchoGate, folder: Path, **limits: float) -> HttpPort:
    """Make a port with other limits than the usual ones."""
    config = AdmissionConfig(**limits)
    app = make_app(Sites(), read_pages(folder), lambda: False, most_headers=config.http_headers)
    return HttpPort(gate, app, Sites(), message_bytes=MESSAGE_BYTES, limits=config)


def behind(gate: EchoGate, folder: Path, *proxies: str) -> HttpPort:
    """Make a port that listens to proxies."""
    app = make_app(Sites(), read_pages(folder), lambda: False)
    return HttpPort(gate, app, Sites(), message_bytes=MESSAGE_BYTES, proxies=Proxies(proxies))
