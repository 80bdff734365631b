#!/bin/sh
# The system libraries Qt and OpenGL need on Debian and Ubuntu: installed when run as root, else said in one line.
set -eu
[ "$(uname -s)" = Linux ] || exit 0
command -v dpkg-query >/dev/null 2>&1 || exit 0
wanted="libgl1 libegl1 libopengl0 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1
libxcb-shape0 libxcb-xinerama0 libdbus-1-3 libfontconfig1 libglib2.0-0"
# Without a display the window is tested and pictured on a virtual one, which needs a window manager for key focus.
tests="xvfb openbox xdotool fonts-dejavu-core"
[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ -z "${CI:-}" ] || wanted="$wanted $tests"
missing=""
for package in $wanted; do
    # Ubuntu 24.04 and Debian 13 renamed some libraries with a t64 at the end.
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' && continue
    dpkg-query -W -f='${Status}' "${package}t64" 2>/dev/null | grep -q 'ok installed' && continue
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    echo "Installing system libraries:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    apt-get install -y -qq $missing >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq $missing >/dev/null; }
else
    echo "The window needs some system libraries. Install them with: sudo apt-get install -y$missing"
fi
