#!/bin/sh
# Makes cc-ci_VERSION_ARCHITECTURE.deb of a built program: binary, unit, settings, completions and pages of the manual.
# Run from the repository root: sh setup/deb.sh PROGRAM FOLDER; the package goes to the folder. Needs dpkg-deb and gzip.
set -eu
[ $# -eq 2 ] || { echo "usage: sh setup/deb.sh PROGRAM FOLDER" >&2; exit 2; }
program=$1 to=$2
say() { printf 'deb: %s\n' "$*"; }
fail() { printf 'deb: %s\n' "$*" >&2; exit 1; }
[ -x "$program" ] || fail "there is no program $program; make deb builds it"
command -v dpkg-deb >/dev/null 2>&1 || fail "no dpkg-deb; only Debian and its relatives have it"
umask 022
version=$("$program" --version | cut -d ' ' -f 2)
architecture=$(dpkg --print-architecture)
maintainer='cc-ci <cc-ci@localhost>'
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

install -D -m 755 "$program" "$tree/usr/bin/cc-ci"
install -D -m 644 setup/deb/cc-ci.service "$tree/usr/lib/systemd/system/cc-ci.service"
install -D -m 644 setup/deb/server.toml "$tree/etc/cc-ci/server.toml"
install -D -m 644 setup/deb/server.toml "$tree/usr/share/doc/cc-ci/examples/server.toml"
docs=$tree/usr/share/doc/cc-ci
install -D -m 644 setup/deb/copyright "$docs/copyright"
gzip -9 -n -c CHANGELOG.md >"$docs/CHANGELOG.md.gz"
# Debian's form of it: one entry, which leads to the other.
printf 'cc-ci (%s) unstable; urgency=medium\n\n  * What changed is in CHANGELOG.md.gz.\n\n -- %s  %s\n' \
  "$version" "$maintainer" "$(date -R -u -r CHANGELOG.md)" | gzip -9 -n >"$docs/changelog.gz"
# Both are made from the code of this very program.
"$program" manual "$tree/manual" >/dev/null
install -D -m 644 "$tree/manual/cc-ci.bash" "$tree/usr/share/bash-completion/completions/cc-ci"
install -D -m 644 "$tree/manual/_cc-ci" "$tree/usr/share/zsh/vendor-completions/_cc-ci"
install -D -m 644 "$tree/manual/cc-ci.fish" "$tree/usr/share/fish/vendor_completions.d/cc-ci.fish"
for page in "$tree"/manual/*.1; do
  gzip -9 -n "$page"
  install -D -m 644 "$page.gz" "$tree/usr/share/man/man1/$(basename "$page").gz"
done
rm -r "$tree/manual"

mkdir "$tree/DEBIAN"
echo /etc/cc-ci/server.toml >"$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 "setup/deb/$script" "$tree/DEBIAN/$script"; done
cat >"$tree/DEBIAN/control" <<CONTROL
Package: cc-ci
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk "$tree" | cut -f 1)
Depends: git, passwd, libc6 (>= $(getconf GNU_LIBC_VERSION | cut -d ' ' -f 2)), libgcc-s1
Recommends: docker.io | docker-ce
Section: devel
Priority: optional
Description: tests Co-op Cloud recipes on a real Docker Swarm
 It installs, upgrades, backs up and restores an app as an operator does, in one
 deployment, and says what works, what broke and whose fault it is. Its server
 answers comments on pull requests on Gitea and Forgejo.
CONTROL
mkdir -p "$to"
package=$to/cc-ci_${version}_$architecture.deb
dpkg-deb --build --root-owner-group "$tree" "$package" >/dev/null || fail "dpkg-deb failed"
say "$package"
