"""The opening handshake of a WebSocket: a request comes in, and an answer goes out."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from hoofbeat.transports.sites import UNKNOWN_HOST, UNKNOWN_ORIGIN, Sites

PATH = "/stomp"
VERSION = "13"
MOST_HEADERS = 128
SUBPROTOCOLS = tuple(map(Subprotocol, ("v12.stomp", "v11.stomp", "v10.stomp")))  # the best first

# What the library says is said by us, and its debug lines would hold whole requests with credentials.
_LOGGER = logging.getLogger("hoofbeat.transports.handshake")
_LOGGER.setLevel(logging.ERROR)


class Answer(NamedTuple):
    """What the client is told.

    Attributes:
        data: the whole response.
        status: 101 where it was accepted.
        reason: why it was not, in one line; else empty.
        headers: of the request; empty where it could not be read.
    """

    data: bytes
    status: int
    reason: str
    headers: Headers


def answer(request: bytes, sites: Sites, most_headers: int = MOST_HEADERS) -> Answer:
    """Answer the request that opens a WebSocket.

    Args:
        request: the whole head, its empty line included; the body it must not have is left out.
        sites: who may open one, and under which names.
        most_headers: in the request; the library takes no more than :data:`MOST_HEADERS`.

    RFC 6455, 4.2 "Server-Side Requirements".
    """
    protocol = ServerProtocol(subprotocols=SUBPROTOCOLS, select_subprotocol=_select, logger=_LOGGER)
    protocol.receive_data(request)
    events = protocol.events_received()
    headers = Headers()
    if not events or not isinstance(events[0], Request):
        response = protocol.reject(HTTPStatus.BAD_REQUEST, f"{protocol.handshake_exc}\n")
    else:
        headers = events[0].headers
        response = _refusal(protocol, events[0], sites, most_headers) or protocol.accept(events[0])
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        return Answer(response.serialize(), response.status_code, "", headers)
    response.headers["Sec-WebSocket-Version"] = VERSION
    reason = (response.body or b"").decode().strip()
    return Answer(response.serialize(), response.status_code, reason, headers)


def _refusal(protocol: ServerProtocol, request: Request, sites: Sites, most_headers: int) -> Response | None:
    """Refuse what is not for us, or not of our version; the rest is for the library to check."""
    if len(tuple(request.headers.raw_items())) > most_headers:
        return protocol.reject(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {most_headers} headers\n"
        )
    try:
        host = request.headers.get("Host")
        origin = request.headers.get("Origin")
    except MultipleValuesError as error:
        return protocol.reject(HTTPStatus.BAD_REQUEST, f"{error} occurs more than once\n")
    if host is None or not sites.is_known(host):
        return protocol.reject(HTTPStatus.FORBIDDEN, UNKNOWN_HOST)
    if not sites.is_welcome(origin, host):
        return protocol.reject(HTTPStatus.FORBIDDEN, UNKNOWN_ORIGIN)
    if request.path.partition("?")[0] != PATH:
        return protocol.reject(HTTPStatus.NOT_FOUND, f"STOMP is at {PATH}\n")
    if request.headers.get_all("Sec-WebSocket-Version") not in ([], [VERSION]):
        return protocol.reject(HTTPStatus.UPGRADE_REQUIRED, f"only version {VERSION} is spoken here\n")
    return None


def _select(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Choose the best of ours; a client that names none of them is served all the same."""
    return next((ours for ours in SUBPROTOCOLS if ours in offered), None)
