#!/bin/sh
# Installs the package in a clean Debian, looks at what is there, upgrades it while a run goes on, and removes it.
# Run from the repository root as root, after `make setup`: sh setup/deb-check.sh PACKAGE
# CC_CI_STATE: state folder, default ./.state. The clean Debian is kept there, so that only the first time takes minutes.
set -eu
[ $# -eq 1 ] || { echo "usage: sh setup/deb-check.sh PACKAGE" >&2; exit 2; }
say() { printf 'deb-check: %s\n' "$*"; }
fail() { printf 'deb-check: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "only root can install a package into a folder"
# What is mounted below is seen by nobody else, and goes with this process.
[ -n "${CC_CI_DEB_CHECK:-}" ] || CC_CI_DEB_CHECK=inside exec unshare --mount --propagation private sh "$0" "$@"

package=$(readlink -f "$1")
state=${CC_CI_STATE:-$PWD/.state}
mkdir -p "$state/deb"
state=$(cd "$state" && pwd -P)
work=$state/deb clean=$state/deb/clean.tar
if [ ! -f "$clean" ]; then
  say "a clean Debian by mmdebstrap"
  mmdebstrap --quiet --variant=apt --dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' \
    --include=ca-certificates,usr-is-merged --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr bookworm "$clean.part" >"$work/log" 2>&1 ||
    fail "mmdebstrap failed: $(tail -n 1 "$work/log")"
  mv "$clean.part" "$clean"
fi
root=$(mktemp -d "$work/root-XXXXXX")
going=
clean_up() {
  [ -z "$going" ] || kill "$going" 2>/dev/null || true
  umount -l "$root/proc" "$root/dev" "$root$state" "$root/run/docker.sock" "$root/usr/bin/docker" 2>/dev/null || true
  # What is mounted there is not ours to remove.
  grep -qF " $root/" /proc/self/mounts || rm -rf "$root"
  rm -rf "$work/newer" "$work/newer.deb"
}
trap clean_up EXIT
tar -xf "$clean" -C "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
within() { chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# A machine with systemd, as far as the package's scripts can tell: what they ask of it is written down.
mkdir -p "$root/run/systemd/system"
printf '#!/bin/sh\necho "$*" >>/run/asked\n' >"$root/usr/bin/systemctl"
chmod 755 "$root/usr/bin/systemctl"
asked() { grep -qxF "$1" "$root/run/asked" || fail "the package does not ask systemd for \"$1\": $(cat "$root/run/asked")"; }
install_it() {
  cp "$1" "$root/cc-ci.deb"
  within apt-get -qq install -y --allow-downgrades /cc-ci.deb >"$work/log" 2>&1 || fail "apt install failed: $(tail -n 3 "$work/log")"
}

within apt-get -qq update >"$work/log" 2>&1 || fail "apt update failed: $(tail -n 1 "$work/log")"
install_it "$package"
say "installed: $(within cc-ci --version), $(dpkg-deb --field "$package" Installed-Size) KiB"
for wanted in "755 root:root /usr/bin/cc-ci" "644 root:root /usr/lib/systemd/system/cc-ci.service" "750 root:cc-ci /etc/cc-ci" \
  "644 root:root /etc/cc-ci/server.toml" "644 root:root /usr/share/doc/cc-ci/copyright" "644 root:root /usr/share/man/man1/cc-ci.1.gz" \
  "644 root:root /usr/share/bash-completion/completions/cc-ci"; do
  path=${wanted##* }
  # shellcheck disable=SC2016 # stat's own
  found=$(within stat -c '%a %U:%G %n' "$path") || fail "$path is not there"
  [ "$found" = "$wanted" ] || fail "expected $wanted, found $found"
done
within getent group docker >/dev/null || fail "there is no group docker"
[ "$(within getent passwd cc-ci | cut -d : -f 6,7)" = /var/lib/cc-ci:/usr/sbin/nologin ] || fail "the user cc-ci is not as it should be"
asked "daemon-reload"
asked "try-restart cc-ci.service"
! grep -q '^enable\|^start' "$root/run/asked" || fail "the package switches the server on by itself"
if command -v systemd-analyze >/dev/null 2>&1; then
  # The units that every machine has come from this one; what is said about them is not about the package.
  cp -an /lib/systemd/system/. "$root/usr/lib/systemd/system/"
  said=$(systemd-analyze verify --man=no --root="$root" cc-ci.service 2>&1 | grep cc-ci || true)
  [ -z "$said" ] || fail "systemd-analyze verify: $said"
  say "systemd-analyze verify has nothing to say about the unit"
fi
# The settings of the package are read, and what they lack is said.
said=$(within cc-ci --state /var/lib/cc-ci serve --check --config /etc/cc-ci/server.toml 2>&1) && fail "serve --check is content without a forge" || true
say "serve --check: $(echo "$said" | grep -m 1 -i forge || echo "$said" | head -n 1)"

# An upgrade while a run goes on, by another version of the same package, with settings that their owner changed.
echo '# a line of the operator' >>"$root/etc/cc-ci/server.toml"
dpkg-deb --raw-extract "$package" "$work/newer"
sed -i 's/^Version: .*/&+newer/' "$work/newer/DEBIAN/control"
dpkg-deb -Zgzip -z1 --build --root-owner-group "$work/newer" "$work/newer.deb" >/dev/null
rm -r "$work/newer"
mkdir -p "$root$state"
mount --bind "$state" "$root$state"
: >"$root/run/docker.sock" && mount --bind "$(readlink -f /var/run/docker.sock)" "$root/run/docker.sock"
: >"$root/usr/bin/docker" && chmod 755 "$root/usr/bin/docker" && mount --bind "$(command -v docker)" "$root/usr/bin/docker"
run=deb-check-$$
within cc-ci --state "$state" run "$state/recipes/static-site" --run-id "$run" >"$work/run.log" 2>&1 &
going=$!
left=1200
until [ -s "$state/runs/$run/events.jsonl" ]; do
  kill -0 "$going" 2>/dev/null || fail "the run did not begin: $(tail -n 3 "$work/run.log")"
  left=$((left - 1))
  [ "$left" -gt 0 ] || fail "the run does not begin"
  sleep 0.1
done
: >"$root/run/asked"
install_it "$work/newer.deb"
kill -0 "$going" 2>/dev/null || fail "the run was over before the upgrade was: nothing is shown by it"
asked "try-restart cc-ci.service"
grep -q "a line of the operator" "$root/etc/cc-ci/server.toml" || fail "the upgrade took the operator's settings away"
ended=0
wait "$going" || ended=$?
going=
[ "$ended" = 0 ] || fail "the run did not survive the upgrade: $(tail -n 3 "$work/run.log")"
grep -q "level" "$work/run.log" || fail "the run has no verdict: $(tail -n 3 "$work/run.log")"
say "upgraded to $(within dpkg-query --show --showformat '${Version}' cc-ci) while a run went on, which ended green: $(grep -m 1 level "$work/run.log")"

# Removed, what the server knows and what the operator wrote stay; purged, the settings go.
: >"$root/run/asked"
within sh -c 'mkdir -p /var/lib/cc-ci && echo history >/var/lib/cc-ci/server.db'
within apt-get -qq remove -y cc-ci >"$work/log" 2>&1 || fail "apt remove failed: $(tail -n 3 "$work/log")"
asked "disable --now cc-ci.service"
[ ! -e "$root/usr/bin/cc-ci" ] && [ -e "$root/etc/cc-ci/server.toml" ] && [ -e "$root/var/lib/cc-ci/server.db" ] || fail "removing took away what it should leave, or the other way round"
within apt-get -qq purge -y cc-ci >"$work/log" 2>&1 || fail "apt purge failed: $(tail -n 3 "$work/log")"
[ ! -e "$root/etc/cc-ci/server.toml" ] && [ -e "$root/var/lib/cc-ci/server.db" ] || fail "purging left settings, or took the history away"
say "removed and purged: the history stays, and it is said: $(grep -m 1 /var/lib/cc-ci "$work/log" || true)"
if command -v lintian >/dev/null 2>&1; then lintian --fail-on error "$package"; fi
say "all of it holds"
