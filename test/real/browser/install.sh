#!/bin/sh
# Installs Chromium and the font of the pictures on Debian or Ubuntu, as root, where they are missing.
set -eu
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
