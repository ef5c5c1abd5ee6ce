"""Which settings hold for which destination."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from hoofbeat.broker.durability import PREFIX
from hoofbeat.broker.patterns import PatternTrie
from hoofbeat.config import BrokerConfig, Overflow, QueueConfig, TopicConfig
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
        self._durable = replace(
            config.queue,
            messages=config.durable.messages,
            bytes=config.durable.bytes,
            overflow=Overflow.DROP_OLDEST,
            age_seconds=0.0,
            durable=True,
        )
        self._topics = _Table("topics", config.topics, config.topic)

    def queue(self, name: str) -> QueueConfig:
        """Return the settings of a queue, or of what is kept for a durable subscription."""
        if name.startswith(PREFIX):
            return self._durable
        return self._queues.find(name)

    def topic(self, name: str) -> TopicConfig:
        """Return the settings of a topic."""
        return self._topics.find(name)


class _Table(Generic[T]):
    """Settings by pattern, in order."""

    __slots__ = ("_general", "_trie")

    def __init__(self, what: str, configured: Mapping[str, T], general: T) -> None:
        self._general = general
        self._trie: PatternTrie[tuple[int, T]] = PatternTrie()
        for place, (pattern, config) in enumerate(configured.items()):
            try:
                self._trie.add(pattern, (place, config))
            except Refused as refusal:
                raise ConfigError(f"{what}: {pattern!r}: {refusal}") from None

    def find(self, name: str) -> T:
        """Return the settings of the first pattern that matches, or the general ones."""
        found = self._trie.match(name)
        return min(found, key=_place)[1] if found else self._general


def _place(entry: tuple[int, object]) -> int:
    return entry[0]
