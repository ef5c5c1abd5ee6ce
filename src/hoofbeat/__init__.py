"""Hoofbeat: STOMP for Python, whole.

The package is a house of floors, and each imports only from those below it. The protocol
(`hoofbeat.protocol`) and the broker (`hoofbeat.broker`) are plain objects that do no I/O;
`hoofbeat.assembly` puts the parts together, and the command `hoofbeat` runs them.
"""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
