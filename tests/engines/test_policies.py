"""Settings by destination: the first pattern that matches counts, and a bad one is told at the start."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.config import BrokerConfig, DurableConfig, KeptConfig, Loss, Overflow, QueueConfig, TopicConfig
from hoofbeat.engines.local.policies import Policies
from hoofbeat.errors import ConfigError


def test_the_first_pattern_that_matches_counts() -> None:
    narrow, wide = QueueConfig(messages=1), QueueConfig(messages=2)
    for first, second in ((narrow, wide), (wide, narrow)):
        policies = Policies(BrokerConfig(queues={"/queue/*": first, "/queue/a": second}))
        assert policies.queue("/queue/a") is first
    assert Policies(BrokerConfig(queues={"/queue/b/**": wide})).queue("/queue/a") == QueueConfig()


def test_topics_have_settings_of_their_own() -> None:
    few = TopicConfig(messages=1)
    policies = Policies(BrokerConfig(topics={"/topic/a.*": few}, queue=QueueConfig(messages=1)))
    assert policies.topic("/topic/a.b") is few
    assert policies.topic("/topic/a/b") == TopicConfig()


def test_durable_subscriptions_have_settings_by_the_topic_they_are_on() -> None:
    config = BrokerConfig(
        durable=DurableConfig(messages=9),
        durables={
            "/topic/a": KeptConfig(messages=1, bytes=2, overflow=Loss.DROP_NEWEST),
            "/topic/a.*": KeptConfig(messages=3),
        },
        queue=QueueConfig(redeliveries=4, age_seconds=5.0, durable=False, overflow=Overflow.HOLD),
    )
    policies = Policies(config)
    kept = policies.name("/dsub/1", "/topic/a")
    assert (kept.messages, kept.bytes, kept.overflow) == (1, 2, Overflow.REFUSE)
    assert (kept.redeliveries, kept.age_seconds, kept.durable) == (4, 0.0, True)
    policies.name("/dsub/2", "/topic/a.*")  # a wildcard of its own
    policies.name("/dsub/3", "/topic/b")
    names = [f"/dsub/{each}" for each in range(1, 5)]
    assert [policies.queue(name).messages for name in names] == [1, 3, 9, 9]
    assert policies.queue("/dsub/2").overflow is Overflow.DROP_OLDEST
    policies.unname("/dsub/1")
    assert policies.queue("/dsub/1").messages == 9


@pytest.mark.parametrize(
    ("config", "where"),
    [
        (
            BrokerConfig(queues={"/queue/**/**": QueueConfig()}),
            "queues: '/queue/\\*\\*/\\*\\*': wildcard pattern",
        ),
        (BrokerConfig(durables={"/topic/**/**": KeptConfig()}), "durables: '/topic/"),
        (BrokerConfig(topics={"/topic/" + "a" * 255: TopicConfig()}), "topics: '/topic/aaa"),
    ],
)
def test_a_pattern_that_is_none_is_told_before_the_first_message(config: BrokerConfig, where: str) -> None:
    with pytest.raises(ConfigError, match=where):
        make_broker(config)
