#!/bin/sh
# Installs Redis on Debian or Ubuntu, as root, without starting a service: the tests start their own servers.
# Test processes that run side by side install once: the second finds the server when it gets the lock.
set -eu
exec 9>/tmp/cachette-install-redis.lock
flock 9
for program in redis-server redis-sentinel openssl; do
  command -v "$program" >/dev/null || missing=yes
done
[ -n "${missing-}" ] || exit 0
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends redis-server redis-sentinel openssl >/dev/null
