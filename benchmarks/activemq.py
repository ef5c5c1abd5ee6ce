"""An ActiveMQ to compare with: Debian's, with its memory settings, a STOMP listener, and a quiet log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import Broker, StartError

HOME = Path("/usr/share/activemq")

# What Debian starts it with.
_JAVA = ("-Xms512M", "-Xmx512M", "-Dorg.apache.activemq.UseDedicatedTaskRunner=true")

_CONFIGURATION = """\
<beans xmlns="http://www.springframework.org/schema/beans"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="
         http://www.springframework.org/schema/beans
         http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
         http://activemq.apache.org/schema/core
         http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core"
          useJmx="false" brokerName="bench" dataDirectory="data">
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:{port}"/>
    </transportConnectors>
  </broker>
</beans>
"""
# Without a configuration of its own, it would put together every debug line before it is thrown away.
_LOGGING = """\
log4j.rootLogger=WARN, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.SimpleLayout
"""


def find() -> str | None:
    """Find the Java to start it with."""
    return processes.program("java") if (HOME / "bin" / "activemq.jar").exists() else None


@contextmanager
def start() -> Iterator[Broker]:
    """Start it, and stop it in the end."""
    java = find()
    if java is None:
        raise StartError("activemq is not installed")
    with processes.place("activemq") as place:
        (port,) = processes.free_ports(1)
        (place / "activemq.xml").write_text(_CONFIGURATION.format(port=port))
        (place / "log4j.properties").write_text(_LOGGING)
        words = _words(java, place)
        with processes.running(words, place, ports=[port]) as pid:
            yield Broker(pid, port, 0, processes.spoken(words, {str(place): "DIR", java: "java"}))


def _words(java: str, place: Path) -> list[str]:
    folders = {"home": HOME, "base": place, "conf": place, "data": place / "data"}
    return [
        java,
        *_JAVA,
        *(f"-Dactivemq.{name}={folder}" for name, folder in folders.items()),
        f"-Djava.io.tmpdir={place}",
        f"-Dlog4j.configuration=file:{place}/log4j.properties",
        "-jar",
        str(HOME / "bin" / "activemq.jar"),
        "start",
        f"xbean:file:{place}/activemq.xml",
    ]
