#!/bin/bash
# TLS over TCP and a ping over UDP, on the port of the app itself.
set -euo pipefail
source "${BASH_SOURCE%/*}/mumble"
protocol=$(openssl s_client -connect "$host:$port" </dev/null 2>/dev/null | sed -n 's/^ *New, \(TLSv[0-9.]*\), .*/\1/p')
[ -n "$protocol" ] || { echo "no TLS on $host:$port"; exit 1; }
version=$(version)
echo "$version" >"$CC_CI_STATE_DIR/version"
echo "$protocol, Mumble $version"
