#!/usr/bin/env bash
# fuzz.sh SECONDS: give every fuzz target that long, from its seeds.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
python=.venv/bin/python

# Without it less is found in the same time, and nothing fails: a registry, or a new Python, may not have it.
if ! $python -c 'import atheris' 2>/dev/null; then
    echo "fuzz: atheris is not installed; seeds are changed blindly for $seconds s" >&2
    exec $python tests/fuzz/blind_decoder.py "$seconds" build/fuzz
fi
shopt -s nullglob
for target in tests/fuzz/fuzz_*.py; do
    name=$(basename "$target" .py)
    name=${name#fuzz_}
    mkdir -p "build/fuzz/$name"
    seeds=("tests/fuzz/corpus/$name")
    [ -d "${seeds[0]}" ] || seeds=()
    echo "fuzz: $target for $seconds s"
    $python "$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/" "build/fuzz/$name" "${seeds[@]}" </dev/null >"build/fuzz/$name.log" 2>&1 || {
        tail -50 "build/fuzz/$name.log" >&2
        exit 1
    }
    tail -3 "build/fuzz/$name.log"
done
