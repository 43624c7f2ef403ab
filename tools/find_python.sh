#!/usr/bin/env bash
# Print the first interpreter on this machine that the hosts run on, or say why there is none.
#
#   tools/find_python.sh 3.11 3.10
#
# PYTHON=/path/to/python names one and skips the search.
set -euo pipefail

fits() { # interpreter, versions...
    local found
    found=$("$1" -c 'import ensurepip, venv, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || return 1
    [[ " ${*:2} " == *" $found "* ]]
}

if [ -n "${PYTHON:-}" ]; then
    fits "$PYTHON" "$@" && { command -v "$PYTHON"; exit; }
    echo "PYTHON=$PYTHON is not usable: a Python of version ${*} with venv and ensurepip is needed." >&2
    exit 1
fi

candidates=()
for version in "$@"; do
    candidates+=("python$version" "$HOME/.pyenv/versions/$version".*/bin/python "/opt/python$version/bin/python")
done
for python in "${candidates[@]}" python3 python; do
    if fits "$python" "$@"; then
        command -v "$python"
        exit
    fi
done
{
    echo "No suitable Python was found: Python ${*} (one of them) with venv and ensurepip is needed."
    echo "On Debian or Ubuntu: apt-get install python3-venv; elsewhere name one with PYTHON=/path/to/python."
} >&2
exit 1
