"""How a subscription becomes live, or is forgotten because the engine will not have it."""

from hoofbeat.broker.core import Core
from hoofbeat.broker.engine import ignore
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused
from hoofbeat.protocol.states import State


def attach(
    core: Core,
    session: BrokerSession,
    key: str,
    subscription: Subscription,
    *,
    receipt: str | None = None,
    instead_of: str = "",
) -> None:
    """Make a subscription live; ``receipt`` follows once it is.

    Args:
        core: the broker.
        session: whose it is.
        key: what names it there.
        subscription: the new one.
        receipt: what its SUBSCRIBE asked for.
        instead_of: key of a subscription that ends, if there is one, once the new one is live.

    Raises:
        Refused: the session has too many, or the engine refuses it; where the engine does so
            only later, ERROR says it.
    """
    limit = core.config.limits.subscriptions
    if len(session.subscriptions) - (instead_of in session.subscriptions) >= limit:
        raise Refused(f"more than {limit} subscriptions")
    session.add(key, subscription)
    attachment = _Attachment(core, session, key, subscription, receipt)
    core.engine.attach(subscription, attachment)
    attachment.check()
    replaced = session.remove(instead_of)
    if replaced is not None:
        core.engine.detach(replaced, ignore)


class _Attachment:
    """The ``done`` of one attach: RECEIPT, or the end of a subscription that never was."""

    __slots__ = ("_core", "_is_checked", "_key", "_receipt", "_refused", "_session", "_subscription")

    def __init__(
        self, core: Core, session: BrokerSession, key: str, subscription: Subscription, receipt: str | None
    ) -> None:
        self._core = core
        self._session = session
        self._key = key
        self._subscription = subscription
        self._receipt = receipt
        self._refused: Refused | None = None
        self._is_checked = False

    def __call__(self, refused: Refused | None) -> None:
        """Answer, or leave that to who asks :meth:`check` right away."""
        session = self._session
        if refused is None:
            if self._receipt is not None and session.state is not State.CLOSED:
                session.receipt(self._receipt, self._subscription.told)
            return
        if session.subscriptions.get(self._key) is self._subscription:
            session.remove(self._key)
        if self._is_checked:
            self._core.refuse(session, refused, self._receipt, self._subscription.id)
        self._refused = refused

    def check(self) -> None:
        """Raise Refused if the engine refused at once."""
        self._is_checked = True
        if self._refused is not None:
            raise self._refused
