"""Use what was installed beside this Python: start the broker, send a message, get it back.

``python -I use_wheel.py CORE`` also sees that it runs on that core, ``compiled core`` or ``plain Python``.
"""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

COMMAND = str(Path(sys.executable).parent / "hoofbeat")
SECONDS = 30


def main(core: str) -> None:
    """Say in one line what was seen; end with why where something is wrong."""
    version = ask("--version")
    if f"({core}, " not in version:
        sys.exit(f"wheel: should run on {core}, and is {version}")
    check_files()
    carry("hello")
    print("wheel:", version, "installs, starts, and carries a message")


def check_files() -> None:
    """See that what is not Python came along."""
    package = files("hoofbeat")
    pages = package / "server" / "pages"
    for file in (package / "py.typed", pages / "index.html"):
        if not file.is_file():
            sys.exit(f"wheel: it lacks {file}")
    if not (pages / "vendor" / "stomp.min.js").is_file():
        if os.environ.get("CI") == "true" or shutil.which("npm"):
            sys.exit("wheel: the chat page lacks its STOMP library")
        print("wheel: built without the chat page's STOMP library, because npm is missing")


def carry(text: str) -> None:
    """Send a message to a broker that was started for it, and read it there."""
    words = [COMMAND, "serve", "--stomp", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as broker:
        assert broker.stdout is not None
        assert broker.stderr is not None
        try:
            label, _, address = broker.stdout.readline().strip().partition(" ")
            if label != "stomp":
                sys.exit(f"wheel: the broker does not start: {broker.stderr.read()}")
            url = f"stomp://{address.strip()}"
            ask("send", "/queue/wheel", text, "--url", url)
            got = ask("listen", "/queue/wheel", "--count", "1", "--url", url)
        finally:
            broker.terminate()
    if got != text:
        sys.exit(f"wheel: {text!r} was sent, and {got!r} came")


def ask(*words: str) -> str:
    """Run a command of what was installed, and return what it printed."""
    done = subprocess.run([COMMAND, *words], stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main(sys.argv[1])
