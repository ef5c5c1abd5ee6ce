"""Build hook: compile the core, and pack the STOMP library of the chat page, fetched from npm.

Neither is in the repository. Without a C compiler the wheel holds plain Python, as it does where
``HOOFBEAT_PURE=1`` asks for it; without npm the page itself says how to get what it misses. Both
are warnings.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "@stomp/stompjs@7.5.0"
VENDOR = Path("src", "hoofbeat", "server", "pages", "vendor")
SECONDS = 120

# Path in the npm package, name in the vendor folder, SHA-256 of what we looked at.
FILES = (
    (
        "package/bundles/stomp.umd.min.js",
        "stomp.min.js",
        "1cac8e0d31d3a70bf89fa7f2200243a00e02b2e8636e00fa5e760adb7d04f6fd",
    ),
    (
        "package/LICENSE",
        "stomp.LICENSE",
        "c46641c7a00292f58f73544f661200f940d31622be1137aef70c19da4182ffcc",
    ),
)


class VendorError(Exception):
    """The library could not be had; the message says why."""


class BuildHook(BuildHookInterface[Any]):
    """Makes what the repository does not hold."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make it; a failure is a warning, not an error.

        Args:
            version: ``editable`` for an installation that runs the checkout, which stays plain Python.
            build_data: where the wheel's own files are named.
        """
        self._fetch()
        if self.target_name == "wheel" and version != "editable" and os.environ.get("HOOFBEAT_PURE") != "1":
            self._compile(build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Forget what was compiled: it is in the wheel now."""
        shutil.rmtree(self._extensions, ignore_errors=True)

    @property
    def _extensions(self) -> Path:
        return Path(self.root) / "build" / "extensions"

    def _fetch(self) -> None:
        vendor = Path(self.root) / VENDOR
        if is_complete(vendor):
            return
        try:
            fetch(vendor)
        except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError, VendorError) as error:
            self.app.display_warning(f"chat page built without {PACKAGE}: {error}")

    def _compile(self, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        from tools.compile import CompileError, extend

        shutil.rmtree(self._extensions, ignore_errors=True)
        try:
            files = extend(Path(self.root) / "src", self._extensions)
        except (OSError, subprocess.SubprocessError, CompileError) as error:
            self.app.display_warning(f"the core stays plain Python: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update({str(self._extensions / each): str(each) for each in files})


def is_complete(vendor: Path) -> bool:
    """Say whether every file is there, byte for byte."""
    return all((vendor / name).is_file() and digest(vendor / name) == sha for _, name, sha in FILES)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(vendor: Path) -> None:
    """Download the package with npm and keep the files we use."""
    npm = shutil.which("npm")
    if npm is None:
        raise VendorError("npm is not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        unpack(download(npm, Path(folder)), Path(folder))
        if not is_complete(Path(folder)):
            raise VendorError("what npm sent is not what was expected")
        vendor.mkdir(parents=True, exist_ok=True)
        for _, name, _ in FILES:
            shutil.copyfile(Path(folder) / name, vendor / name)


def download(npm: str, folder: Path) -> Path:
    """Let npm bring the package from the registry it is set up for."""
    done = subprocess.run(
        [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)],
        cwd=folder,
        env={**os.environ, "NPM_CONFIG_UPDATE_NOTIFIER": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise VendorError("npm could not download it")
    return archives[0]


def unpack(archive: Path, folder: Path) -> None:
    """Take our files, and nothing else, out of the package."""
    with tarfile.open(archive) as package:
        for member, name, _ in FILES:
            source = package.extractfile(member)
            if source is None:
                raise VendorError(f"the package has no file {member}")
            (folder / name).write_bytes(source.read())
