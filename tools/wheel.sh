#!/usr/bin/env bash
# Build what users install, and use it in empty places: the source distribution, from which pip makes a wheel
# with a compiled core; and the wheel of plain Python, for who has no C compiler and none made for him.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export PIP_CONSTRAINT=$PWD/constraints.txt PIP_BUILD_CONSTRAINT=$PWD/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1
python=$PWD/.venv/bin/python

# quietly COMMAND...: what it says is shown only if it fails.
quietly() {
    "$@" >"$place/log" 2>&1 </dev/null || {
        cat "$place/log" >&2
        exit 1
    }
}

# use FILE CORE: install it in an environment of its own, and have it carry a message.
use() {
    local here=$place/${2// /-}
    quietly "$python" -m venv "$here"
    quietly "$here/bin/python" -m pip install --quiet "$1"
    (cd "$place" && "$here/bin/python" -I use.py "$2")
}

rm -rf dist
cp tools/use_wheel.py "$place/use.py"
quietly "$python" -m build --no-isolation --sdist --outdir dist .

# In an environment of its own, as pip does for users: what the source distribution lacks is missed here.
quietly "$python" -m pip wheel --quiet --no-deps --wheel-dir dist dist/*.tar.gz
if compgen -G "dist/*-none-any.whl" >/dev/null; then
    echo "wheel: the core stays plain Python, because there is no C compiler" >&2
    [ "${CI:-}" != true ] || exit 1
else
    use dist/*.whl "compiled core"
fi

HOOFBEAT_PURE=1 quietly "$python" -m build --no-isolation --wheel --outdir dist .
use dist/*-none-any.whl "plain Python"
