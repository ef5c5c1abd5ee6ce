"""Which settings hold for which destination."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from hoofbeat.broker.durability import PREFIX
from hoofbeat.broker.patterns import PatternTrie
from hoofbeat.config import BrokerConfig, KeptConfig, Loss, Overflow, QueueConfig, TopicConfig
from hoofbeat.errors import ConfigError, Refused

T = TypeVar("T")


class Policies:
    """Settings of queues and topics: those of the first pattern that matches, or the general ones."""

    def __init__(self, config: BrokerConfig) -> None:
        """Read them from the configuration.

        Raises:
            ConfigError: one of the patterns is none.
        """
        self._queues = _Table("queues", config.queues, config.queue)
        by_pattern = {pattern: _kept(each, config.queue) for pattern, each in config.durables.items()}
        self._durables = _Table("durables", by_pattern, _kept(config.durable, config.queue))
        self._named: dict[str, QueueConfig] = {}  # durable subscriptions
        self._topics = _Table("topics", config.topics, config.topic)

    def queue(self, name: str) -> QueueConfig:
        """Return the settings of a queue, or of what is kept for a durable subscription."""
        if name.startswith(PREFIX):
            return self._named.get(name) or self._durables.general
        return self._queues.find(name)

    def name(self, name: str, topic: str) -> QueueConfig:
        """Learn which topic a durable subscription is on; return the settings of what is kept for it."""
        config = self._named[name] = self._durables.find(topic)
        return config

    def unname(self, name: str) -> None:
        """Forget a durable subscription."""
        del self._named[name]

    def topic(self, name: str) -> TopicConfig:
        """Return the settings of a topic."""
        return self._topics.find(name)


class _Table(Generic[T]):
    """Settings by pattern, in order."""

    __slots__ = ("_trie", "general")

    def __init__(self, what: str, configured: Mapping[str, T], general: T) -> None:
        self.general = general
        self._trie: PatternTrie[tuple[int, T]] = PatternTrie()
        for place, (pattern, config) in enumerate(configured.items()):
            try:
                self._trie.add(pattern, (place, config))
            except Refused as refusal:
                raise ConfigError(f"{what}: {pattern!r}: {refusal}") from None

    def find(self, name: str) -> T:
        """Return the settings of the first pattern that matches, or the general ones."""
        found = self._trie.match(name)
        return min(found, key=_place)[1] if found else self.general


def _place(entry: tuple[int, object]) -> int:
    return entry[0]


def _kept(config: KeptConfig, like: QueueConfig) -> QueueConfig:
    """Return the settings of the queue in which messages wait for a durable subscription.

    They have no age: each is kept once for all that it waits for, with one end.
    """
    return replace(
        like,
        messages=config.messages,
        bytes=config.bytes,
        overflow=Overflow.DROP_OLDEST if config.overflow is Loss.DROP_OLDEST else Overflow.REFUSE,
        age_seconds=0.0,
        durable=True,
    )
