"""How the configuration is put together, and how it complains."""

import tomllib
from pathlib import Path

import pytest

from hoofbeat.cli import settings, toml
from hoofbeat.cli.settings import Given, load, option
from hoofbeat.config import AccessRule, QueueConfig, ServerConfig, SlowReader, TopicConfig
from hoofbeat.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    file = folder / "hoofbeat.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_configuration_the_defaults_hold() -> None:
    assert load() == settings.Settings(ServerConfig(), {})


def test_a_file_sets_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        stomp = ["127.0.0.1:0"]
        http = []
        [broker]
        name = "b"
        [broker.limits]
        slow_seconds = 3
        [broker.topic]
        slow_reader = "drop-oldest"
        """,
    )
    config = load(file).config
    assert config.stomp == ("127.0.0.1:0",)
    assert config.http == ()
    assert config.broker.limits.slow_seconds == 3.0
    assert config.broker.topic == TopicConfig(slow_reader=SlowReader.DROP_OLDEST)
    assert config.limits == ServerConfig().limits


def test_tables_by_pattern_keep_their_order(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        [broker.queues."/queue/slow"]
        prefetch = 1
        [broker.queues."/queue/plain"]
        [broker.queues."/queue/**"]
        prefetch = 2
        """,
    )
    assert list(load(file).config.broker.queues.items()) == [
        ("/queue/slow", QueueConfig(prefetch=1)),
        ("/queue/plain", QueueConfig()),
        ("/queue/**", QueueConfig(prefetch=2)),
    ]


def test_access_rules_are_a_list_of_tables(tmp_path: Path) -> None:
    file = written(tmp_path, '[[access]]\nuser = "ann"\npattern = "/topic/**"\nrights = ["read"]\n')
    assert load(file).config.access == (AccessRule(user="ann", pattern="/topic/**", rights=("read",)),)


def test_the_environment_beats_the_file_and_an_option_beats_both(tmp_path: Path) -> None:
    file = written(tmp_path, "[broker.queue]\nprefetch = 1\nmessages = 1\nbytes = 1\n")
    environment = {"HOOFBEAT_BROKER__QUEUE__MESSAGES": "2", "HOOFBEAT_BROKER__QUEUE__BYTES": "2"}
    config, sources = load(file, environment, [option("broker.queue.bytes=3")])
    assert config.broker.queue == QueueConfig(prefetch=1, messages=2, bytes=3)
    assert sources == {
        ("broker", "queue", "prefetch"): str(file),
        ("broker", "queue", "messages"): "HOOFBEAT_BROKER__QUEUE__MESSAGES",
        ("broker", "queue", "bytes"): "--set broker.queue.bytes",
    }


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("HOOFBEAT_STOMP", "127.0.0.1:1, 127.0.0.1:2", "stomp", ("127.0.0.1:1", "127.0.0.1:2")),
        ("HOOFBEAT_HTTP", "", "http", ()),
        ("HOOFBEAT_PAGES", "False", "pages", False),
        ("HOOFBEAT_USERS_FILE", "users, all", "users_file", "users, all"),
        ("HOOFBEAT_ACCESS", '[{pattern = "/a"}]', "access", (AccessRule(pattern="/a"),)),
    ],
)
def test_a_variable_is_read_as_what_its_setting_takes(name: str, text: str, path: str, value: object) -> None:
    assert getattr(load(environment={name: text}).config, path) == value


def test_a_whole_table_fits_into_a_variable() -> None:
    environment = {"HOOFBEAT_BROKER__QUEUES": '{"/queue/a" = {prefetch = 7}}'}
    assert load(environment=environment).config.broker.queues == {"/queue/a": QueueConfig(prefetch=7)}


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOOFBEAT_CONFIG", "HOOFBEAT_PASSCODE", "HOOFBEAT_SERVICE_HOST", "HOOFBEAT_PORT_61613_TCP_ADDR"],
)
def test_variables_that_are_somebody_elses_are_left_alone(name: str) -> None:
    assert load(environment={name: "x"}).config == ServerConfig()


def test_an_option_names_a_key_as_toml_does() -> None:
    config = load(options=[option('broker.queues."/queue/a.b".prefetch = 5')]).config
    assert config.broker.queues == {"/queue/a.b": QueueConfig(prefetch=5)}


@pytest.mark.parametrize("assignment", ["", "prefetch", "=1", "a b=1", '"=1'])
def test_an_option_that_is_no_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(ConfigError, match="it takes key=value"):
        option(assignment)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("stmp = []", "stmp is no setting; did you mean stomp?"),
        ("prefetch = 1", "prefetch is no setting; did you mean broker.limits.prefetch?"),
        ("[limits]\nzzz = 1", "limits.zzz is no setting; there are connections, per_address"),
        (
            "[broker.queue]\nprefech = 1",
            "broker.queue.prefech is no setting; did you mean broker.queue.prefetch?",
        ),
        ('[broker.queues."/q"]\nx = 1', 'broker.queues."/q".x is no setting; there are prefetch'),
        ("limits = 3", "limits must be a table, not 3"),
        ('broker.queues = "x"', "broker.queues must be a table, not 'x'"),
        ('stomp = "a:1"', 'stomp must be a list of texts, such as ["one", "two"], not \'a:1\''),
        ("stomp = [1]", "stomp must be a list of texts"),
        ("pages = 1", "pages must be true or false, not 1"),
        ("limits.connections = true", "limits.connections must be a whole number, not True"),
        ("limits.connections = 1.5", "limits.connections must be a whole number, not 1.5"),
        ("limits.connections = 0", "limits.connections must be at least 1, not 0"),
        ('broker.limits.slow_seconds = "1"', "broker.limits.slow_seconds must be a number, not '1'"),
        ("users_file = 1", "users_file must be text, not 1"),
        (
            'broker.topic.slow_reader = "shout"',
            "broker.topic.slow_reader must be one of close, drop-oldest, drop-newest, keep-latest, not",
        ),
        ("access = 1", "access must be a list of tables, not 1"),
        ("[[access]]\nuser = 'a'", "access[0] needs all of user, pattern, rights"),
        ("[[access]]\npatern = '/a'", "access[0].patern is no setting; did you mean pattern?"),
        ("[[access]]\nzzz = '/a'", "access[0].zzz is no setting; there are user, pattern, rights"),
        ("[[access]]\npattern = 1", "access[0].pattern must be text, not 1"),
        ("[[access]]\npattern = 'a'", "access[0].pattern must start with /, not 'a'"),
        ('stomp = ["0.0.0.0:1"]', "stomp 0.0.0.0:1 is beyond loopback"),
        (
            '[broker.queues."orders"]\nprefetch = 1',
            "broker.queues must be by patterns that begin with /queue/ or /temp-queue/, not 'orders'",
        ),
        (
            '[broker.queues."/queue/a"]\ndead_letter_destination = "dlq"',
            'broker.queues."/queue/a".dead_letter_destination must be empty or a queue, as',
        ),
        ("x = ", "not TOML: invalid value (at end of document)"),
    ],
)
def test_a_fault_in_the_file_is_one_line_that_names_file_and_key(
    tmp_path: Path, text: str, fault: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: {fault}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"HOOFBEAT_STMP": "x"}, "HOOFBEAT_STMP: stmp is no setting; did you mean stomp?"),
        ({"HOOFBEAT_HTTP__PORT": "1"}, "HOOFBEAT_HTTP__PORT: http is a list of texts, nothing is below it"),
        ({"HOOFBEAT_PAGES": "maybe"}, "HOOFBEAT_PAGES: pages must be true or false, not 'maybe'"),
        (
            {"HOOFBEAT_LIMITS__CONNECTIONS": "x"},
            "HOOFBEAT_LIMITS__CONNECTIONS: limits.connections must be a whole",
        ),
        (
            {"HOOFBEAT_LIMITS__CONNECTIONS": "0"},
            "HOOFBEAT_LIMITS__CONNECTIONS: limits.connections must be at least",
        ),
        ({"HOOFBEAT_ACCESS": "x"}, "HOOFBEAT_ACCESS: access must be a value of TOML"),
        ({"HOOFBEAT_STOMP": "", "HOOFBEAT_HTTP": ""}, "unix, stomp, tls, http, https are all empty"),
    ],
)
def test_a_fault_in_the_environment_names_the_variable(environment: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environment=environment)
    assert str(caught.value).startswith(fault)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hoofbeat\.toml: no such file or directory"):
        load(tmp_path / "hoofbeat.toml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hoofbeat.toml"
    file.write_bytes(b'users_file = "\xff"')
    with pytest.raises(ConfigError, match="it is not UTF-8"):
        load(file)


def test_what_is_written_reads_as_the_same_configuration(tmp_path: Path) -> None:
    config = load(
        written(
            tmp_path,
            """
            stomp = ["127.0.0.1:0", "[::1]:0"]
            users_file = 'C:\\odd "file"'
            unix = ["a\\tb\\u007f"]
            access = [{user = "ann", pattern = "/topic/{user}", rights = ["read", "write"]}, {pattern = "/x"}]
            broker.heart_beat.send_ms = 1
            [broker.queues."/queue/a"]
            redelivery_delay_seconds = 1.5
            [broker.topics."/topic/empty"]
            """,
        )
    )
    text = toml.write(config)
    tomllib.loads(text)
    assert load(written(tmp_path, text)).config == config.config


def test_what_is_written_says_where_each_value_came_from() -> None:
    text = toml.write(
        load(
            environment={
                "HOOFBEAT_BROKER__QUEUES": '{"/queue/a" = {}}',
                "HOOFBEAT_ACCESS": '[{pattern="/a"}]',
            },
            options=[(("http",), Given([], "--http"))],
        )
    )
    assert 'stomp = ["127.0.0.1:61613"]\n' in text
    assert "http = []  # --http\n" in text
    assert '[broker.queues."/queue/a"]  # HOOFBEAT_BROKER__QUEUES\n' in text
    assert 'access = [  # HOOFBEAT_ACCESS\n    {user = "*", pattern = "/a", rights = []},\n]\n' in text
