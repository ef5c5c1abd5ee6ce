"""Which settings hold for which destination."""

from hoofbeat.broker.patterns import matches
from hoofbeat.config import BrokerConfig, QueueConfig, TopicConfig


class Policies:
    """Settings of queues and topics: those of the first pattern that matches, or the general ones."""

    def __init__(self, config: BrokerConfig) -> None:
        """Read them from the configuration."""
        self._config = config

    def queue(self, name: str) -> QueueConfig:
        """Return the settings of a queue."""
        for pattern, config in self._config.queues.items():
            if matches(pattern, name):
                return config
        return self._config.queue

    def topic(self, name: str) -> TopicConfig:
        """Return the settings of a topic."""
        for pattern, config in self._config.topics.items():
            if matches(pattern, name):
                return config
        return self._config.topic
