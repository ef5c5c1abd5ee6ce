#!/usr/bin/env bash
# Set up this checkout: `setup.sh serve` for the broker alone, `setup.sh develop` for everything.
# Stops only where Python itself is missing; anything else that can't be had is named, and left out.
set -euo pipefail
cd "$(dirname "$0")/.."

# Two commands at once must not install into one environment at the same time.
if command -v flock >/dev/null; then
    exec 9<tools/setup.sh
    flock 9
fi

purpose=${1:-develop}
bin=.venv/bin
missing=()

note() {
    missing+=("$1")
    echo "setup: $1" >&2
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# apt NAME...: install Debian packages where that is allowed.
apt() {
    [ "$(id -u)" = 0 ] && has apt-get || return 1
    if [ -z "${apt_fresh:-}" ]; then
        apt-get update -qq </dev/null >/dev/null || return 1
        apt_fresh=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# The headers of Python, without which nothing is compiled for it.
has_headers() {
    $bin/python -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'
}

find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if has "$name" && is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

make_venv() {
    local python
    if [ -x $bin/python ] && is_new_enough $bin/python && $bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python) || { apt python3 python3-venv && python=$(find_python); } || {
        echo "setup: Python 3.11 or newer is needed, and is not on the PATH" >&2
        exit 1
    }
    "$python" -m venv --clear .venv >/dev/null 2>&1 || {
        apt python3-venv || apt "$(basename "$(readlink -f "$python")")-venv" || true
        "$python" -m venv --clear .venv
    }
}

# pip_install WHAT...: a second time where the first failed, because a registry may be away for a moment.
pip_install() {
    $bin/python -m pip install --quiet "$@" || $bin/python -m pip install --quiet "$@"
}

install_package() {
    export PIP_CONSTRAINT=$PWD/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1
    pip_install --upgrade pip
    pip_install --editable "$1"
    [ -f src/hoofbeat/server/pages/vendor/stomp.min.js ] || note "the chat page's STOMP library (npm could not bring it)"
}

install_node() {
    has npm || apt nodejs npm || true
    has node && has npm || note "Node.js with npm (could not be installed)"
}

install_develop() {
    install_package ".[server,app,dev]"
    pip_install "atheris" || note "atheris (no build of it for this Python)"
    pip_install "py-spy" || note "py-spy (no build of it for this machine)"
    { has cc && has_headers; } || apt gcc libc6-dev python3-dev && has_headers ||
        note "what compiles the core (a C compiler, and the headers of this Python)"
    has valgrind || apt valgrind || note "valgrind (could not be installed)"
    has strace || apt strace || note "strace (could not be installed)"
    has chromium || has chromium-browser || has google-chrome || apt chromium fonts-liberation ||
        note "chromium (could not be installed)"
    if has npm && [ -f tests/interop/node/package-lock.json ]; then
        (cd tests/interop/node && npm ci --silent --no-audit --no-fund </dev/null) ||
            note "the Node.js clients (npm could not install them)"
    fi
}

make_venv
install_node
if [ "$purpose" = serve ]; then
    install_package ".[server]"
    touch .venv/.serve
else
    install_develop
    touch .venv/.serve .venv/.ready
fi
for name in "${missing[@]}"; do
    echo "setup: left out $name" >&2
done
