"""Temporary destinations: their names are random, and die with their session.

A client says ``/temp-queue/answers``; what others see, in ``reply-to``, is
``/temp-queue/<random>/answers``, and that is where they send.
"""

from hoofbeat.broker import destination
from hoofbeat.broker.attaching import attach
from hoofbeat.broker.core import Core
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused


def resolve(core: Core, session: BrokerSession, named: Destination) -> Destination:
    """Return the destination that ``named`` means in this session's mouth.

    Raises:
        Refused: it is of another session, and that session is gone.
    """
    _, prefix, first, *rest = named.name.split("/")
    if rest:
        if first in core.temp_owners:
            return named
        raise Refused(f"Unknown destination {named.name[:128]!r}: its session is gone")
    return named.renamed(f"/{prefix}/{own_prefix(core, session)}/{first}")


def check_alive(core: Core, where: Destination) -> None:
    """Raise Refused if ``where``, as :func:`resolve` gave it, died with its session."""
    if where.is_temporary and where.name.split("/")[2] not in core.temp_owners:
        raise Refused(f"Unknown destination {where.name[:128]!r}: its session is gone")


def own_prefix(core: Core, session: BrokerSession) -> str:
    """Return what the session's temporary destinations share, made when it is first asked for."""
    if not session.temp_prefix:
        session.temp_prefix = core.new_id()
        core.temp_owners[session.temp_prefix] = session
    return session.temp_prefix


def owned(core: Core, session: BrokerSession, named: Destination) -> Destination:
    """Return the session's own destination, or raise Refused if it is another's."""
    where = resolve(core, session, named)
    if where.name.split("/")[2] != session.temp_prefix:
        raise Refused(f"Access refused: {named.name[:128]!r} belongs to another session")
    return where


def with_reply_to(core: Core, session: BrokerSession, name: str) -> str:
    """Return what others are to see in ``reply-to``.

    A temporary destination that the session has not subscribed to is subscribed, under its name
    as id, as clients of RabbitMQ expect.

    Raises:
        Refused: it is a temporary destination of another session, or can't be subscribed.
    """
    if not name.startswith("/temp-"):
        return name
    where = owned(core, session, destination.parse(name))
    if where.is_pattern:
        raise Refused(f"Unknown destination {name[:128]!r}: a wildcard can't be replied to")
    if all(kept.destination != where for kept in session.subscriptions.values()):
        subscription = Subscription(
            session,
            name,
            where,
            serial=session.next_serial(),
            principal=session.principal,
            overrun=session.overrun,
        )
        attach(core, session, automatic_key(where), subscription)
    return where.name


def automatic_key(where: Destination) -> str:
    """Return what names, in its session, the subscription that a ``reply-to`` brought about."""
    return f"reply-to {where.name}"
