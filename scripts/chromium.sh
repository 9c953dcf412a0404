#!/bin/sh
# Makes sure that the browser tests find a Chromium; installs Debian's where that is possible.
set -eu
for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$browser" ] && command -v "$browser" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    echo "==> Installing Chromium for the browser tests"
    if $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq chromium >/dev/null; then
        exit 0
    fi
fi
echo "Chromium is missing and could not be installed. Install it (apt-get install chromium) or set CHROMIUM=/path/to/chromium." >&2
exit 1
