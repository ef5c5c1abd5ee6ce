"""What the README shows is run here, so that it stays true."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.interop.serving import serving

README = Path(__file__).resolve().parent.parent / "README.md"
SECONDS = 20.0


def _shown(command: str) -> list[str]:
    """Return the words of the line in which the README shows a command."""
    found = re.search(rf"^hoofbeat {command} .*$", README.read_text(), re.MULTILINE)
    assert found is not None, f"the README shows no hoofbeat {command}"
    return shlex.split(found[0])[1:]


def test_what_the_readme_sends_is_what_its_listener_hears() -> None:
    with serving() as broker:
        url = f"--url=stomp://127.0.0.1:{broker.stomp}"
        hoofbeat = [sys.executable, "-m", "hoofbeat"]
        listening = subprocess.Popen(
            [*hoofbeat, *_shown("listen"), url, "--count=1"], stdout=subprocess.PIPE, text=True
        )
        try:
            while listening.poll() is None:  # until it has subscribed, what is sent is heard by nobody
                subprocess.run([*hoofbeat, *_shown("send"), url], check=True, timeout=SECONDS)
            assert listening.stdout is not None
            assert "hello" in listening.stdout.read()
        finally:
            listening.kill()
            listening.communicate()


def test_the_readme_fits_on_a_hundred_lines() -> None:
    assert len(README.read_text().splitlines()) <= 100
