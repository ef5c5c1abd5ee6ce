"""Settings of the broker, whatever its listeners."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hoofbeat.config.checks import above_zero, at_least, check_patterns, too_long
from hoofbeat.errors import ConfigError

_QUEUE = re.compile(r"/queue/[^,*]+")


class SlowReader(StrEnum):
    """What becomes of messages for a reader of a topic that does not keep up."""

    CLOSE = "close"
    DROP_OLDEST = "drop-oldest"
    DROP_NEWEST = "drop-newest"
    KEEP_LATEST = "keep-latest"


class Loss(StrEnum):
    """Which messages are given up for a durable subscription that has too many."""

    DROP_OLDEST = "drop-oldest"
    DROP_NEWEST = "drop-newest"


class Overflow(StrEnum):
    """What becomes of messages for a queue that is full."""

    HOLD = "hold"
    REFUSE = "refuse"
    DROP_OLDEST = "drop-oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """What a peer can make the broker hold.

    Attributes:
        headers: in one frame.
        header_line_bytes: of one header line.
        header_block_bytes: of all header lines of a frame.
        body_bytes: of one frame, once authenticated.
        outbox_bytes: what waits for one slow reader.
        slow_seconds: how long a reader may take nothing.
        subscriptions: of one session.
        selector_terms: headers and literals in all selectors of one session, or of one user's durable
            subscriptions.
        prefetch: highest number of unsettled deliveries a subscription may ask for.
        unsettled_bytes: of the headers and bodies of one subscription's unsettled deliveries.
        transactions: open in one session; 0 allows none.
        transaction_frames: in one transaction.
        transaction_bytes: of the headers and bodies in one transaction.
        connect_seconds: from the first byte to the end of CONNECT.
        hold_seconds: how long a publisher waits for room before it is refused; 0 refuses at once.
        destinations: topics and queues that exist at one time.
        retained_topics: topics that have a retained value; those that have expired make room.
        retained_bytes: of the headers and bodies of all retained values.
        retained_values: that one subscription with a wildcard gets at its start.
        history_topics: topics that have a history; messages of others have no offset. A history of which
            all is older than ``history_seconds`` makes room for another.
    """

    headers: int = 100
    header_line_bytes: int = 8 * 1024
    header_block_bytes: int = 64 * 1024
    body_bytes: int = 16 * 1024 * 1024
    outbox_bytes: int = 512 * 1024
    slow_seconds: float = 10.0
    subscriptions: int = 256
    selector_terms: int = 1024
    prefetch: int = 1000
    unsettled_bytes: int = 8 * 1024 * 1024
    transactions: int = 16
    transaction_frames: int = 1000
    transaction_bytes: int = 8 * 1024 * 1024
    connect_seconds: float = 10.0
    hold_seconds: float = 10.0
    destinations: int = 100_000
    retained_topics: int = 10_000
    retained_bytes: int = 64 * 1024 * 1024
    retained_values: int = 1000
    history_topics: int = 1000

    def __post_init__(self) -> None:
        """Refuse what would lock everybody out."""
        at_least(1, headers=self.headers, prefetch=self.prefetch, subscriptions=self.subscriptions)
        at_least(1, unsettled_bytes=self.unsettled_bytes, destinations=self.destinations)
        at_least(1, transaction_frames=self.transaction_frames, transaction_bytes=self.transaction_bytes)
        at_least(64, header_line_bytes=self.header_line_bytes, header_block_bytes=self.header_block_bytes)
        at_least(0, body_bytes=self.body_bytes, outbox_bytes=self.outbox_bytes)
        at_least(0, transactions=self.transactions, hold_seconds=self.hold_seconds)
        at_least(0, retained_topics=self.retained_topics, retained_bytes=self.retained_bytes)
        at_least(0, retained_values=self.retained_values, history_topics=self.history_topics)
        above_zero(connect_seconds=self.connect_seconds, slow_seconds=self.slow_seconds)
        if self.body_bytes > 999_999_999:
            raise ConfigError(f"body_bytes must be below 1,000,000,000, not {self.body_bytes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartBeatConfig:
    """Heart-beats, as CONNECTED offers them.

    Attributes:
        send_ms: we send at least this often; 0 for never.
        expect_ms: we ask the client to send at least this often; 0 for never. A browser tab in
            the background manages no more than one a minute.
        least_ms: shortest interval we agree to.
    """

    send_ms: int = 10_000
    expect_ms: int = 60_000
    least_ms: int = 1_000

    def __post_init__(self) -> None:
        """Refuse negative intervals."""
        at_least(0, send_ms=self.send_ms, expect_ms=self.expect_ms, least_ms=self.least_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    """How a queue treats its consumers and publishers.

    Attributes:
        prefetch: deliveries a subscription may hold unsettled, unless it asks for another number.
        redeliveries: attempts after the first before a message becomes a dead letter.
        redelivery_delay_seconds: pause before a NACKed message is offered again; above zero its
            order is given up.
        redelivery_multiplier: how much longer each further pause is than the one before.
        redelivery_most_seconds: the pause that it grows to at most.
        dead_letter_destination: the queue that dead letters go to; empty drops them.
        dead_letter_expired: whether messages that expire become dead letters too; else they are dropped.
        messages: ready ones at one time; then the queue is full.
        bytes: of the headers and bodies of all that are ready; then it is full too.
        age_seconds: how long a message may wait before it expires; 0 for as long as its sender says.
        overflow: what a full queue does: ``hold`` lets publishers wait, ``refuse`` refuses what they
            send, ``drop-oldest`` gives up what was sent first.
        durable: whether persistent messages are kept on disk, where the broker has a place for them.
        window_messages: of a queue that is kept, how many wait in memory; the rest is on disk only.
        window_bytes: of the headers and bodies of those that wait in memory.
    """

    prefetch: int = 100
    redeliveries: int = 9
    redelivery_delay_seconds: float = 0.0
    redelivery_multiplier: float = 1.0
    redelivery_most_seconds: float = 3600.0
    dead_letter_destination: str = "/queue/dead-letters"
    dead_letter_expired: bool = False
    messages: int = 100_000
    bytes: int = 1024 * 1024 * 1024
    age_seconds: float = 0.0
    overflow: Overflow = Overflow.HOLD
    durable: bool = True
    window_messages: int = 10_000
    window_bytes: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse a queue that could hold or deliver nothing."""
        at_least(1, prefetch=self.prefetch, messages=self.messages, bytes=self.bytes)
        at_least(1, window_messages=self.window_messages, window_bytes=self.window_bytes)
        at_least(0, redeliveries=self.redeliveries, redelivery_delay_seconds=self.redelivery_delay_seconds)
        at_least(0, age_seconds=self.age_seconds, redelivery_most_seconds=self.redelivery_most_seconds)
        at_least(1, redelivery_multiplier=self.redelivery_multiplier)
        where = self.dead_letter_destination
        if where and not _QUEUE.fullmatch(where):
            raise ConfigError(
                f"dead_letter_destination must be empty or a queue, as /queue/dead-letters, not {where!r}"
            )
        if why := too_long(where):
            raise ConfigError(f"dead_letter_destination has a {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicConfig:
    """How a topic treats its subscribers.

    Attributes:
        slow_reader: what happens to one that does not keep up: ``close`` sends it ERROR.
        messages: kept at one time for one that settles its deliveries, or under another policy
            than ``close``.
        bytes: of the headers and bodies of those messages.
        retained: whether every message is retained as the last value of its topic, as if it were
            sent with ``retain:set``.
        history_messages: messages of each topic that are kept for who missed them; 0 for none.
        history_seconds: how long they are kept; 0 for as long as there is room.
        history_bytes: of the headers and bodies of those messages.
    """

    slow_reader: SlowReader = SlowReader.CLOSE
    messages: int = 1000
    bytes: int = 512 * 1024
    retained: bool = False
    history_messages: int = 0
    history_seconds: float = 0.0
    history_bytes: int = 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse a topic that could keep nothing."""
        at_least(1, messages=self.messages, bytes=self.bytes)
        at_least(0, history_messages=self.history_messages, history_seconds=self.history_seconds)
        at_least(1, history_bytes=self.history_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptConfig:
    """What is kept for a durable subscription to a topic while nobody listens under its name.

    Patterns are held against the destination that it was made for, with its wildcards.

    Attributes:
        messages: that wait for it; then some are given up.
        bytes: of the headers and bodies of those messages.
        overflow: which are given up: ``drop-oldest`` those that were sent first, ``drop-newest`` what
            is sent while it has too many.
    """

    messages: int = 100_000
    bytes: int = 256 * 1024 * 1024
    overflow: Loss = Loss.DROP_OLDEST

    def __post_init__(self) -> None:
        """Refuse subscriptions for which nothing could be kept."""
        at_least(1, messages=self.messages, bytes=self.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableConfig(KeptConfig):
    """Durable subscriptions to topics: what is kept for each while nobody listens under its name.

    Attributes:
        messages: that wait for one that ``durables`` does not name; then some are given up.
        bytes: of the headers and bodies of those messages.
        overflow: which are given up: ``drop-oldest`` those that were sent first, ``drop-newest`` what
            is sent while it has too many.
        subscriptions: of all users together.
        per_user: durable subscriptions of one user.
        unused_days: after how long one that nobody listens under is deleted; 0 for never. The time
            counts anew with each start.
    """

    subscriptions: int = 10_000
    per_user: int = 100
    unused_days: float = 0.0

    def __post_init__(self) -> None:
        """Refuse less than none."""
        KeptConfig.__post_init__(self)
        at_least(0, subscriptions=self.subscriptions, per_user=self.per_user, unused_days=self.unused_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig:
    """Messages that are to be delivered later, or again and again.

    Attributes:
        messages: that wait for their time.
        bytes: of the headers and bodies of those messages; then no more are taken in.
        per_user: of those messages, how many one user may have; who does not log in is one user too.
        per_user_bytes: of the headers and bodies of those.
        least_period_ms: shortest time between repetitions that a sender may ask for.
    """

    messages: int = 100_000
    bytes: int = 64 * 1024 * 1024
    per_user: int = 20_000
    per_user_bytes: int = 16 * 1024 * 1024
    least_period_ms: int = 1000

    def __post_init__(self) -> None:
        """Refuse a period that never ends."""
        at_least(0, messages=self.messages, bytes=self.bytes)
        at_least(0, per_user=self.per_user, per_user_bytes=self.per_user_bytes)
        at_least(1, least_period_ms=self.least_period_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesConfig:
    """Messages that are sent again under an id of the sender's own: they are dropped.

    Attributes:
        ids: the last of each destination that are known; 0 drops no duplicates.
        all_ids: of all destinations together.
        seconds: how long an id is known.
    """

    ids: int = 20_000
    all_ids: int = 200_000
    seconds: float = 3600.0

    def __post_init__(self) -> None:
        """Refuse a window that is none."""
        at_least(0, ids=self.ids)
        at_least(1, all_ids=self.all_ids)
        above_zero(seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """The broker, whatever its listeners.

    Attributes:
        name: what CONNECTED says in ``server``.
        limits: what a peer can make us hold.
        heart_beat: what we offer.
        queue: for every queue that ``queues`` does not name.
        topic: for every topic that ``topics`` does not name.
        durable: for durable subscriptions to topics, and for each that ``durables`` does not name.
        schedule: for messages that are to be delivered later.
        duplicates: for messages with an id of their sender's own.
        queues: by pattern, such as ``/queue/orders.*``; the first that matches counts.
        topics: by pattern, such as ``/topic/**``; the first that matches counts.
        durables: by pattern of the topic that they are on; the first that matches counts.
    """

    name: str = "hoofbeat"
    limits: LimitsConfig = LimitsConfig()
    heart_beat: HeartBeatConfig = HeartBeatConfig()
    queue: QueueConfig = QueueConfig()
    topic: TopicConfig = TopicConfig()
    durable: DurableConfig = DurableConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    duplicates: DuplicatesConfig = DuplicatesConfig()
    queues: Mapping[str, QueueConfig] = field(default_factory=dict)
    topics: Mapping[str, TopicConfig] = field(default_factory=dict)
    durables: Mapping[str, KeptConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse patterns that nothing can match, and a name that is no header."""
        check_patterns("queues", self.queues, "queue", "temp-queue")
        check_patterns("topics", self.topics, "topic", "temp-topic")
        check_patterns("durables", self.durables, "topic")
        if not self.name.isprintable():
            raise ConfigError(f"name must be one line of text, not {self.name!r}")
