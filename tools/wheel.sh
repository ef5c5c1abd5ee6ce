#!/usr/bin/env bash
# Build the wheel, install it in an empty place, and start what it brings.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

rm -rf dist
PIP_CONSTRAINT=$PWD/constraints.txt .venv/bin/python -m build --wheel --outdir dist . >"$place/log" 2>&1 || {
    cat "$place/log" >&2
    exit 1
}
wheel=$(echo dist/*.whl)

.venv/bin/python -m venv "$place/venv" >/dev/null
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$wheel"
cd "$place"
venv/bin/hoofbeat --help >/dev/null
venv/bin/python - <<'PYTHON'
import os
import shutil
import sys
from importlib.resources import files

import hoofbeat

page = files("hoofbeat") / "server" / "pages"
assert (files("hoofbeat") / "py.typed").is_file(), "the wheel says nothing of its types"
assert (page / "index.html").is_file(), "the wheel has no chat page"
if not (page / "vendor" / "stomp.min.js").is_file():
    if os.environ.get("CI") == "true" or shutil.which("npm"):
        sys.exit("wheel: the chat page lacks its STOMP library")
    print("wheel: built without the chat page's STOMP library, because npm is missing")
print("wheel: hoofbeat", hoofbeat.__version__, "installs and starts")
PYTHON
