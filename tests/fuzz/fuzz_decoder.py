"""Fuzz target: whatever a peer sends, the decoder sets its fault and never raises, cuts or no cuts.

Run by ``make fuzz``. The first octets of an input say which version is spoken and where the
network cuts; the rest is the stream, so a seed is a stream with a short, printable head.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["hoofbeat"]):
    from tests.fuzz.reading import check_input


def main() -> None:
    """Hand the arguments to libFuzzer, which calls the target until its time is over."""
    atheris.Setup(sys.argv, check_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
