#!/bin/sh
# Builds the images that cc-ci and the example recipes need and this engine lacks or has in an older form.
# Run from the repository root: `sh setup/images.sh` for what `make demo` and `make test` use, `sh setup/images.sh browser` for that and
# the image of browser tests and screenshots, `sh setup/images.sh dependencies` for the usual ones and the sign-on provider,
# `sh setup/images.sh selftest` for those and what the cases of `cc-ci selftest` deploy, `sh setup/images.sh all` for every example recipe
# as well.
# CC_CI_STATE: state folder, default ./.state
# CC_CI_DEBIAN_MIRROR: Debian mirror to build from; default: the one in this machine's own apt sources.
set -eu
state=${CC_CI_STATE:-$PWD/.state}
wanted=${1:-usual}
say() { printf 'images: %s\n' "$*"; }
fail() { printf 'images: %s\n' "$*" >&2; exit 1; }
case $wanted in
  usual | browser | dependencies | selftest | all) ;;
  *) fail "unknown set of images \"$wanted\"; known are usual, browser, dependencies, selftest and all" ;;
esac
mkdir -p "$state/log"
state=$(cd "$state" && pwd -P)
logs=$state/log
[ -d images ] || fail "no folder images/ here; run this from the root of the cc-ci repository"
docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || fail "no Docker engine answers; run setup/engine.sh first"
export DOCKER_BUILDKIT=0 # Debian's docker.io has no other builder

hurl_version=8.0.1
bookworm=cc-ci/base:bookworm
trixie=cc-ci/base:trixie
tools=cc-ci/tools:1
# The newest Playwright that drives bookworm's Chromium; the build of the image shows that it does.
playwright=1.65.2
# The newest that Debian 12 has a pytest for.
pytest_playwright=0.7.2

# digest FOLDER: changes with any name, mode or byte in it.
digest() {
  (cd "$1" && find . -type f -printf '%m %p\n' -exec sha256sum {} +) | LC_ALL=C sort | sha256sum | cut -c 1-16
}
# key_of IMAGE: what it was built from; empty when it is not here.
key_of() { docker image inspect --format '{{index .Config.Labels "cc-ci.key"}}' "$1" 2>/dev/null || true; }
# drop_old ID IMAGE: removes what IMAGE was before, unless it still is or a container still needs it.
drop_old() { [ -z "$1" ] || [ "$1" = "$(id_of "$2")" ] || docker image rm "$1" >/dev/null 2>&1 || true; }
id_of() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# ---- base images

# mirrors: "MAIN SECURITY" as this machine's apt has them; empty on anything but Debian, or when they cannot be told.
mirrors() {
  if [ -n "${CC_CI_DEBIAN_MIRROR:-}" ]; then
    echo "$CC_CI_DEBIAN_MIRROR ${CC_CI_DEBIAN_SECURITY_MIRROR:-${CC_CI_DEBIAN_MIRROR%/}-security}"
    return
  fi
  [ -r /etc/os-release ] || return 0
  (
    . /etc/os-release
    [ "$ID" = debian ] || exit 0
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
      [ -r "$file" ] && cat "$file" && echo
    done | awk -v suite="$VERSION_CODENAME" '
      function note(uri, name) {
        if (name == suite && main == "") main = uri
        if ((name == suite "-security" || name == suite "/updates") && security == "") security = uri
      }
      function stanza(   n, i, names) {
        if (uri != "" && off == 0) { n = split(suites, names, " "); for (i = 1; i <= n; i++) note(uri, names[i]) }
        uri = ""; suites = ""; off = 0
      }
      /^#/ { next }
      /^deb / { sub(/\[[^]]*\]/, ""); if ($0 ~ / main( |$)/) note($2, $3); next }
      /^URIs:/ { uri = $2 }
      /^Suites:/ { sub(/^Suites:/, ""); suites = $0 }
      /^Enabled: *no/ || (/^Components:/ && !/ main( |$)/) { off = 1 }
      /^$/ { stanza() }
      END { stanza(); if (main != "" && security != "") print main, security }
    ' | while read -r main security; do
      for uri in "$main" "$security"; do
        case $uri in
          # A list of mirrors in a file of this machine, as Debian cloud images have it; the image cannot read that file.
          mirror+file:*) sed -n '/^[^#]/{s/[[:space:]].*//p;q}' "${uri#mirror+file:}" ;;
          *) echo "$uri" ;;
        esac
      done | tr '\n' ' '
    done
  )
}

# strap SUITE TARBALL: a minimal Debian with the certificate authorities this machine trusts.
strap() {
  # shellcheck disable=SC2046 # two words or none
  set -- "$1" "$2" $(mirrors)
  suite=$1 tarball=$2 main=${3:-} security=${4:-}
  if [ -n "$main" ]; then
    sources="deb $main $suite main
deb $main $suite-updates main
deb $security $suite-security main"
    from=-
  else
    # mmdebstrap knows Debian's own default mirror, security archive included.
    sources='' from=''
  fi
  # shellcheck disable=SC2086,SC2016 # $from is one word or none; "$1" is the hook's own
  printf '%s\n' "$sources" | mmdebstrap --quiet --format=tar --variant=apt --include=ca-certificates,usr-is-merged \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --aptopt='Acquire::Languages "none"' \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --customize-hook='for f in /usr/local/share/ca-certificates/*.crt; do [ ! -f "$f" ] || cp "$f" "$1"/usr/local/share/ca-certificates/; done; chroot "$1" update-ca-certificates' \
    --customize-hook='printf "#!/bin/sh\nexit 101\n" >"$1"/usr/sbin/policy-rc.d; chmod +x "$1"/usr/sbin/policy-rc.d' \
    "$suite" "$tarball.part" $from
  mv "$tarball.part" "$tarball"
}

base_key=base-1
# base SUITE: the base image of a Debian suite, from the tarball kept in the state folder when it is there.
base() {
  image=cc-ci/base:$1 tarball=$state/base/$base_key-$1.tar
  [ "$(key_of "$image")" != "$base_key" ] || return 0
  mkdir -p "$state/base"
  if [ ! -f "$tarball" ]; then
    command -v mmdebstrap >/dev/null 2>&1 || fail "no mmdebstrap; run setup/packages.sh first"
    say "building $image with mmdebstrap (no registry is asked for images; about 40 s; log: $logs/base-$1.log)"
    strap "$1" "$tarball" >"$logs/base-$1.log" 2>&1 ||
      fail "mmdebstrap $1 failed: $(tail -n 1 "$logs/base-$1.log"); no network, or a wrong mirror? CC_CI_DEBIAN_MIRROR names another one"
  fi
  docker import -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    -c 'ENV DEBIAN_FRONTEND=noninteractive' -c 'CMD ["/bin/bash"]' -c "LABEL cc-ci.key=$base_key" \
    "$tarball" "$image" >>"$logs/base-$1.log" 2>&1 || fail "docker import of $tarball failed; see $logs/base-$1.log"
}

# ---- images on top of them

# build IMAGE FOLDER BASE [ARG=VALUE...]
build() {
  image=$1 folder=$2 from=$3
  shift 3
  key=$(printf '%s\n' "$(digest "$folder")" "$(id_of "$from")" "$@" | sha256sum | cut -c 1-16)
  [ "$(key_of "$image")" != "$key" ] || return 0
  log=$logs/$(echo "$image" | tr '/:' '--').log
  say "building $image from $folder (absent or out of date; log: $log)"
  old=$(id_of "$image")
  for arg in "$@"; do
    shift
    set -- "$@" --build-arg "$arg"
  done
  docker build --force-rm --label "cc-ci.key=$key" --build-arg "BASE=$from" "$@" --tag "$image" "$folder" >"$log" 2>&1 ||
    fail "docker build of $image failed: $(tail -n 1 "$log"); see $log"
  drop_old "$old" "$image"
}

# Hurl has no Debian package. Built inside the base image, so that it fits its libraries whatever this machine runs.
hurl() {
  binary=$state/hurl/$hurl_version/hurl
  [ ! -x "$binary" ] || return 0
  mkdir -p "$state/hurl/$hurl_version" "$state/hurl/build"
  # An earlier clone may have left it in the image; that saves the minutes of compiling.
  if [ "$(docker image inspect --format '{{index .Config.Labels "cc-ci.hurl"}}' "$tools" 2>/dev/null)" = "$hurl_version" ]; then
    container=$(docker create "$tools" true)
    docker cp "$container:/usr/local/bin/hurl" "$binary" >/dev/null 2>&1 || true
    docker rm "$container" >/dev/null
    [ ! -x "$binary" ] || return 0
  fi
  command -v cargo >/dev/null 2>&1 || fail "cannot build Hurl: no cargo on this machine; install Rust, then run this again"
  build cc-ci/hurl-builder:1 images/hurl-builder "$bookworm"
  say "compiling Hurl $hurl_version (runs the recipes' HTTP tests; about 3 minutes; log: $logs/hurl.log)"
  cargo_home=${CARGO_HOME:-$HOME/.cargo}
  mkdir -p "$cargo_home"
  # Not optimised for speed: it waits for the network, and this halves the compile time.
  docker run --rm --user "$(id -u):$(id -g)" \
    --volume "$(rustc --print sysroot):/rust:ro" --volume "$cargo_home:/cargo" --volume "$state/hurl/build:/build" \
    --env PATH=/rust/bin:/usr/bin:/bin --env HOME=/build --env CARGO_HOME=/cargo --env CARGO_TARGET_DIR=/build/target \
    --env CARGO_PROFILE_RELEASE_OPT_LEVEL=1 --env CARGO_PROFILE_RELEASE_LTO=off --env CARGO_PROFILE_RELEASE_STRIP=symbols \
    --env CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 --env CARGO_PROFILE_RELEASE_DEBUG=0 \
    cc-ci/hurl-builder:1 cargo install hurl --version "$hurl_version" --locked --root /build/out >"$logs/hurl.log" 2>&1 ||
    fail "compiling Hurl failed: $(tail -n 1 "$logs/hurl.log"); see $logs/hurl.log"
  mv "$state/hurl/build/out/bin/hurl" "$binary"
  rm -rf "$state/hurl/build"
  docker image rm cc-ci/hurl-builder:1 >/dev/null # 900 MB, and its work is done
}

# The edge proxy as a static program: it has no libraries to fit.
edge() {
  triple=$(rustc -vV | sed -n 's/^host: //p')
  say "compiling the edge proxy (static, for $tools; log: $logs/edge.log)"
  RUSTFLAGS='-Ctarget-feature=+crt-static' cargo build --quiet -p cc-ci-edge --release --target "$triple" --target-dir "$state/edge/target" \
    >"$logs/edge.log" 2>&1 || fail "compiling the edge proxy failed: $(grep -m 1 '^error' "$logs/edge.log"); see $logs/edge.log"
  cp "$state/edge/target/$triple/release/cc-ci-edge" "$1/cc-ci-edge"
}

# The image of tests, backups and edge proxy. Its key covers the sources, so nothing is compiled to find out.
tools() {
  edge_key=none
  if [ -f crates/edge/src/main.rs ]; then edge_key=$(digest crates/edge)-$(sha256sum <Cargo.lock | cut -c 1-8); fi
  tools_key=$(printf '%s\n' "$(digest images/tools)" "$(id_of "$bookworm")" "$(id_of "$trixie")" "$hurl_version" "$edge_key" | sha256sum | cut -c 1-16)
  [ "$(key_of "$tools")" != "$tools_key" ] || return 0
  tools_old=$(id_of "$tools")
  hurl
  context=$state/build/tools
  rm -rf "$context"
  mkdir -p "$context/edge"
  cp images/tools/* "$state/hurl/$hurl_version/hurl" "$context"
  : >"$context/edge/.keep"
  [ "$edge_key" = none ] || edge "$context/edge"
  say "building $tools from images/tools (absent or out of date; log: $logs/tools.log)"
  docker build --force-rm --label "cc-ci.key=$tools_key" --label "cc-ci.hurl=$hurl_version" --build-arg "BASE=$bookworm" \
    --build-arg "NEWER=$trixie" --tag "$tools" "$context" >"$logs/tools.log" 2>&1 || fail "docker build of $tools failed: $(tail -n 1 "$logs/tools.log"); see $logs/tools.log"
  drop_old "$tools_old" "$tools"
}

# ---- what is wanted

base bookworm &
on_bookworm=$!
base trixie &
on_trixie=$!
trouble=0
wait "$on_bookworm" || trouble=1
wait "$on_trixie" || trouble=1
# Compiling Hurl takes the longest, so the rest is built meanwhile.
if [ "$trouble" = 0 ]; then tools & fi
on_tools=$!
if [ "$trouble" = 0 ]; then
  build cc-ci/nginx:1.22 images/nginx "$bookworm" VERSION=1.22
  build cc-ci/nginx:1.26 images/nginx "$trixie" VERSION=1.26
  build cc-ci/postgres:15 images/postgres "$bookworm"
  build cc-ci/miniflux:2.2.6 images/miniflux "$trixie" SUITE=trixie VERSION=2.2.6
  build cc-ci/miniflux:2.3.4 images/miniflux "$trixie" SUITE=sid VERSION=2.3.4
  # As a dependency the newest published version is deployed, which is on the older of the two.
  case $wanted in dependencies | selftest | all) build cc-ci/canaille:0.3.4 images/canaille "$trixie" VERSION=0.3.4 ;; esac
  if [ "$wanted" = selftest ]; then build cases/anon:1.26 selftest/images/anon cc-ci/nginx:1.26; fi
  case $wanted in selftest | all) build cc-ci/redis:7.0 images/redis "$bookworm" VERSION=7.0 ;; esac
  if [ "$wanted" = all ]; then
    build cc-ci/canaille:0.3.6 images/canaille "$trixie" VERSION=0.3.6
    build cc-ci/mariadb:10.11 images/mariadb "$bookworm"
    build cc-ci/redis:8.0 images/redis "$trixie" VERSION=8.0
    build cc-ci/webdis:0.1.9 images/webdis "$bookworm" VERSION=0.1.9
    build cc-ci/webdis:0.1.22 images/webdis "$trixie" VERSION=0.1.22
    build cc-ci/mumble:1.3.4 images/mumble "$bookworm" VERSION=1.3.4
    build cc-ci/mumble:1.5.735 images/mumble "$trixie" VERSION=1.5.735
    build cc-ci/wordpress:6.1.9 images/wordpress "$bookworm" VERSION=6.1.9
    build cc-ci/wordpress:6.8.12 images/wordpress "$trixie" VERSION=6.8.12
  fi
fi
wait "$on_tools" || trouble=1
if [ "$trouble" = 0 ]; then
  # About 700 MB, so only those who drive a browser have it.
  if [ "$wanted" = selftest ]; then
    for version in 1.0.0 1.1.0 1.2.0; do build "guestbook:$version" selftest/images/guestbook "$tools" "V=$version"; done
    build cases/owned:1 selftest/images/owned "$tools"
    build cases/uploads:1 selftest/images/uploads "$tools"
  fi
  case $wanted in browser | all) build cc-ci/browser:1 images/browser "$tools" "PLAYWRIGHT=$playwright" "PYTEST_PLAYWRIGHT=$pytest_playwright" ;; esac
fi
exit "$trouble"
