import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "use_wheel.py"


def test_another_core_than_the_one_that_was_built_is_refused() -> None:
    other = "plain Python" if os.environ.get("CORE") == "compiled" else "compiled core"
    done = subprocess.run([sys.executable, str(TOOL), other], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"wheel: should run on {other}, and is hoofbeat ")
