"""The decoder's fuzz target without a fuzzer: seeds changed at random, where there is no atheris.

Run by ``make fuzz`` where atheris can't be imported. It doesn't see which branches an input
reaches, so it finds less in the same time; what it asks of an input is the same.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fuzz.reading import check_input

SEEDS = Path(__file__).parent / "corpus" / "decoder"
_MOST_OCTETS = 512
_TELLING = (
    b"\0",
    b"\n",
    b"\r\n",
    b":",
    b"\\",
    b"\\n",
    b"\\c",
    b"content-length:",
    b"SEND\n",
    b"CONNECT\n",
    b"\xff",
)


def _cut(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(1, 9) :]


def _insert(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(_TELLING) + data[place:]


def _overwrite(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def _splice(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


_CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _cut,
    _insert,
    _overwrite,
    _splice,
)


def change(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return one of the seeds after one to eight changes, at most 512 octets long."""
    data = chance.choice(seeds)
    for _ in range(chance.randrange(1, 9)):
        data = chance.choice(_CHANGES)(chance, data, seeds)[:_MOST_OCTETS]
    return data


def main(seconds: float, artifacts: Path) -> None:
    """Check changed seeds until the time is over; the input that fails is kept in ``artifacts``."""
    number = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(number)
    seeds = [path.read_bytes() for path in sorted(SEEDS.iterdir())]
    end = time.monotonic() + seconds
    runs = 0
    while time.monotonic() < end:
        data = change(chance, seeds)
        try:
            check_input(data)
        except Exception:  # whatever it is, it is a find
            artifacts.mkdir(parents=True, exist_ok=True)
            kept = artifacts / f"crash-blind-{number}-{runs}"
            kept.write_bytes(data)
            print(
                f"blind_decoder: run {runs} of seed {number}: input {data!r}, kept in {kept}", file=sys.stderr
            )
            raise
        runs += 1
    print(f"blind_decoder: {runs} inputs, seed {number}")


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
