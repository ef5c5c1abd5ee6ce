"""Configuration: default, unit, check and documentation of every setting, said once."""

from hoofbeat.config.addresses import is_loopback, split_address
from hoofbeat.config.broker import (
    BrokerConfig,
    DuplicatesConfig,
    DurableConfig,
    HeartBeatConfig,
    KeptConfig,
    LimitsConfig,
    Loss,
    Overflow,
    QueueConfig,
    ScheduleConfig,
    SlowReader,
    TopicConfig,
)
from hoofbeat.config.server import (
    RIGHTS,
    AccessRule,
    AdmissionConfig,
    ForwardedHeader,
    LogLevel,
    ServerConfig,
)

__all__ = [
    "RIGHTS",
    "AccessRule",
    "AdmissionConfig",
    "BrokerConfig",
    "DuplicatesConfig",
    "DurableConfig",
    "ForwardedHeader",
    "HeartBeatConfig",
    "KeptConfig",
    "LimitsConfig",
    "LogLevel",
    "Loss",
    "Overflow",
    "QueueConfig",
    "ScheduleConfig",
    "ServerConfig",
    "SlowReader",
    "TopicConfig",
    "is_loopback",
    "split_address",
]
