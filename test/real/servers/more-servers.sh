#!/bin/sh
# Fetches newer servers than the distribution's own into the folder given, without installing them: packages of other
# Debian suites, checked by apt's signatures, with the libraries that they need. Each ends as FOLDER/NAME/server.
# Prints the name and version of each server that can be had, and names each that can't.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
exec 9>"$folder/lock"
flock 9
keys=/usr/share/keyrings/debian-archive-keyring.gpg
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Component: main' | grep '/debian$' | sort -u | head -1)
libraries='libc6 libssl3t64 libjemalloc2 liblzf1 libsystemd0 libstdc++6 libgcc-s1 libatomic1 libcap2 libzstd1 zlib1g'

# fetch NAME SUITE PROGRAM PACKAGES: unpacks the packages and writes a program that starts the server.
fetch() {
  name=$1 suite=$2 program=$3
  shift 3
  home=$folder/$name
  if [ ! -x "$home/server" ]; then
    rm -rf "$home"
    mkdir -p "$home/state/lists/partial" "$home/cache/archives/partial" "$home/debs" "$home/files"
    : >"$home/status"
    echo "deb [signed-by=$keys] $site $suite main" >"$home/list"
    (
      cd "$home/debs"
      own="-o Dir::Etc::SourceList=$home/list -o Dir::Etc::SourceParts=/dev/null -o Dir::State=$home/state"
      own="$own -o Dir::State::status=$home/status -o Dir::Cache=$home/cache -o APT::Sandbox::User=root"
      # shellcheck disable=SC2086
      apt-get -qq $own update >/dev/null && apt-get -qq $own download "$@" >/dev/null
      for package in *.deb; do dpkg -x "$package" "$home/files"; done
    ) 2>"$home/errors" || { echo "$name: not to be had here: $(tail -1 "$home/errors")"; return 0; }
    loader=$(find "$home/files" -name 'ld-linux-x86-64.so.2' | head -1)
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
      "$loader" "$home/files/usr/lib/x86_64-linux-gnu" "$home/files/usr/bin/$program" >"$home/server"
    chmod +x "$home/server"
    rm -rf "$home/debs" "$home/cache" "$home/state"
  fi
  version=$("$home/server" --version 2>&1) || { rm -f "$home/server"; echo "$name: does not start: $version"; return 0; }
  echo "$name: $version"
}

# shellcheck disable=SC2086
{
  fetch redis-8 trixie redis-server redis-server redis-tools $libraries
  fetch valkey-8 trixie valkey-server valkey-server valkey-tools $libraries
  fetch valkey-9 sid valkey-server valkey-server valkey-tools $libraries
}
