"""What the HTTP port serves besides WebSockets: the chat page, ``/healthz``, and who is refused."""

import hashlib
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hoofbeat.transports import handshake
from hoofbeat.transports.sites import UNKNOWN_HOST, Sites

FOLDER = Path(__file__).parent / "pages"

_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Page(NamedTuple):
    """One file of a page, read when the server started.

    Attributes:
        body: its octets.
        type: for ``content-type``.
        tag: for ``etag``; changes with the body.
    """

    body: bytes
    type: str
    tag: str


def read_pages(folder: Path = FOLDER) -> Mapping[str, Page]:
    """Read every file below ``folder``, by its path in URLs; ``index.html`` is ``/``.

    A request only picks from these: no name of a peer's becomes a path.
    """
    pages: dict[str, Page] = {}
    for file in sorted(folder.rglob("*")):
        kind = _TYPES.get(file.suffix)
        if kind is None or not file.is_file():
            continue
        body = file.read_bytes()
        path = "/" + file.relative_to(folder).as_posix()
        text = "; charset=utf-8" if kind.startswith("text/") else ""
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        pages["/" if path == "/index.html" else path] = Page(body, kind + text, tag)
    return pages


def make_app(
    sites: Sites, pages: Mapping[str, Page], is_draining: Callable[[], bool], *, most_headers: int = 128
) -> ASGIApp:
    """Make the application of the HTTP port; it refuses requests with more than ``most_headers``."""

    async def health(request: Request) -> Response:
        if is_draining():
            return PlainTextResponse("draining\n", 503)
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})

    async def stomp(request: Request) -> Response:
        wanted = {"upgrade": "websocket", "connection": "upgrade"}
        return PlainTextResponse("STOMP is spoken here in a WebSocket\n", 426, wanted)

    async def page(request: Request) -> Response:
        return _serve(request, pages)

    routes = [Route("/healthz", health), Route(handshake.PATH, stomp), Route("/{path:path}", page)]
    return Guard(Starlette(routes=routes), sites, most_headers)


def _serve(request: Request, pages: Mapping[str, Page]) -> Response:
    """Answer with a page; one that the browser has already is not sent again."""
    page = pages.get(request.url.path)
    if page is None:
        return PlainTextResponse("not found\n", 404)
    headers = {"etag": page.tag, "cache-control": "no-cache"}  # no-cache: ask each time whether it changed
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if page.tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(page.body, headers={**headers, "content-type": page.type})


class Guard:
    """Stands before the application: refuses hosts we don't know, and sets what every answer needs."""

    def __init__(self, app: ASGIApp, sites: Sites, most_headers: int) -> None:
        """Guard ``app``."""
        self._most_headers = most_headers
        self._app = app
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; its door is told when it begins and ends."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update({**_SECURITY, "content-security-policy": _policy(host, is_known)})
                answer["date"] = formatdate(usegmt=True)
            await send(message)

        door = scope["state"]["door"]
        door.answering()
        try:
            is_known = self._sites.is_known(host) and len(headers.getlist("host")) == 1
            app = self._app
            if not is_known:
                app = PlainTextResponse(UNKNOWN_HOST, 403)
            elif len(scope["headers"]) > self._most_headers:
                app = PlainTextResponse(f"more than {self._most_headers} headers\n", 431)
            await app(scope, receive, send_with_headers)
        finally:
            door.answered()


def _policy(host: str, is_known: bool) -> str:
    """Return the content security policy; older browsers need our WebSocket's address spelled out."""
    sockets = f" ws://{host} wss://{host}" if is_known else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'; object-src 'none'"
    )
