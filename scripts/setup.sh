#!/bin/sh
# Makes .venv from the committed lock files. Usage: scripts/setup.sh base|dev
# Does nothing when the lock has not changed since the last time.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-base}
lock=requirements/$kind.txt

# rasa 3.6 runs on Python 3.8 to 3.10 only, and a shim named python3.10 may exist without working.
works() { "$1" -c 'import sys, venv, ensurepip; raise SystemExit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }

find_python() {
    for candidate in "${PYTHON:-}" python3.10 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python \
        "$HOME"/.local/share/uv/python/cpython-3.10*/bin/python3.10 \
        /usr/local/bin/python3.10 /usr/bin/python3.10 /opt/python*/bin/python3.10; do
        [ -n "$candidate" ] || continue
        if works "$candidate"; then echo "$candidate"; return 0; fi
    done
    if command -v uv >/dev/null 2>&1; then
        candidate=$(uv python find 3.10 2>/dev/null || true)
        if [ -n "$candidate" ] && works "$candidate"; then echo "$candidate"; return 0; fi
    fi
    return 1
}

if ! works .venv/bin/python; then
    python=$(find_python) || {
        cat >&2 <<'EXPLAIN'
No working Python 3.10 was found. Rasa 3.6 needs exactly 3.10 (with the modules venv and ensurepip).
Any one of these brings it; then run the same command again:
  pyenv install 3.10        (https://github.com/pyenv/pyenv)
  uv python install 3.10    (https://docs.astral.sh/uv)
  apt-get install python3.10 python3.10-venv    (where the distribution has it)
A Python in another place is named with: PYTHON=/path/to/python3.10 make run
EXPLAIN
        exit 1
    }
    echo "==> Making .venv with $python"
    rm -rf .venv
    "$python" -m venv .venv
fi

wanted=$(sha256sum requirements/uv.txt requirements/base.txt "$lock" | sha256sum | cut -d' ' -f1)
stamp=.venv/.installed-$kind
[ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && exit 0

echo "==> Installing $(grep -c '==' "$lock") packages from $lock (about 1.3 GB the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --require-hashes -r "$lock"
echo "$wanted" >"$stamp"
