"""Take one Python client through the steps, and print one line of JSON a step.

Arguments: the client's name, ``tcp`` or ``websocket``, the version of STOMP, host, port.
"""

import asyncio
import json
import sys
from itertools import count

from tests.interop.clients.base import Place
from tests.interop.clients.scenario import OCTETS, TEXT_WITH_NUL, Scenario, run
from tests.interop.clients.stomp_py import StompPy
from tests.interop.clients.stompman_client import Stompman
from tests.interop.matrix import headers_of, sends_octets, steps_of

CLIENTS = {"stomp.py": StompPy, "stompman": Stompman}


async def main(name: str, transport: str, version: str, host: str, port: str) -> None:
    """Run the steps that the version has, one after the other."""
    place = Place(host, int(port), transport, version)
    tag = f"{name}-{transport}-{version}"
    binary = OCTETS if sends_octets(name, transport) else TEXT_WITH_NUL
    scenario = Scenario(CLIENTS[name], place, headers_of(name, version), binary, tag, count())
    for step in steps_of(version):
        fault = await run(scenario, step)
        print(json.dumps({"step": step, "fault": fault}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
