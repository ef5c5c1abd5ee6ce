"""The machine that a run was made on, as far as it matters to the figures."""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import ROOT


def facts() -> Mapping[str, str]:
    """Look at this machine now."""
    return {
        "processor": processor(Path("/proc/cpuinfo")),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "?"),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler of the generator": _first_line("gcc", "--version"),
        "Hoofbeat's source": _first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty=, changed"),
        "date": datetime.now(UTC).date().isoformat(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def processor(cpuinfo: Path) -> str:
    """Return the processor's name, or the architecture where the kernel does not say it."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _first_line(*words: str) -> str:
    if shutil.which(words[0]) is None:
        return "?"
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0] or "?"
