#!/bin/sh
# Draws page, card and badge of every stored run of the test suite and checks the pages with axe-core in a real browser.
# Run from the repository root, after `sh setup/images.sh browser`. CC_CI_STATE: state folder, default ./.state
# What it drew stays in $CC_CI_STATE/pages, to be looked at.
set -eu
state=${CC_CI_STATE:-$PWD/.state}
cc_ci=${CC_CI:-cargo run --quiet --package cc-ci --}
axe=4.14.1
folder=$state/pages
fail() { printf 'pages: %s\n' "$*" >&2; exit 1; }
docker image inspect cc-ci/browser:1 >/dev/null 2>&1 || fail "the image cc-ci/browser:1 is not here; sh setup/images.sh browser builds it"
if [ ! -f "$state/axe/$axe/package/axe.min.js" ]; then
  command -v npm >/dev/null 2>&1 || fail "no npm on this machine; it fetches axe-core, which checks the pages"
  mkdir -p "$state/axe/$axe"
  (cd "$state/axe/$axe" && npm pack --silent "axe-core@$axe" >/dev/null && tar -xzf axe-core-*.tgz package/axe.min.js) || fail "npm pack axe-core@$axe failed"
fi
rm -rf "$folder"
mkdir -p "$folder"
for run in crates/store/tests/runs/* "$@"; do
  name=$(basename "$run")
  # shellcheck disable=SC2086 # a command of several words
  {
    $cc_ci report "$run" --format html >"$folder/$name.html"
    $cc_ci report "$run" --format card >"$folder/$name-card.png"
    $cc_ci report "$run" --format badge >"$folder/$name.svg"
    $cc_ci report "$run" --format markdown >"$folder/$name.md"
  }
done
cp "$state/axe/$axe/package/axe.min.js" "$folder"
docker run --rm --network none --init --volume "$PWD/setup:/setup:ro" --volume "$folder:/pages" cc-ci/browser:1 python3 -B /setup/axe.py

# The server's pages over 500 runs, 30 of them broken folders, one of which goes on: checked and pictured as they are served.
cargo build --quiet --package cc-ci-web --example look
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
address=127.0.0.1:8411
rm -rf "$state/pages-served"
"$target/debug/examples/look" "$state/pages-served" "$address" &
look=$!
trap 'kill "$look" 2>/dev/null || true' EXIT
left=120
until curl --silent --output /dev/null "http://$address/healthz"; do
  kill -0 "$look" 2>/dev/null || fail "the example look of crates/web did not start; is $address taken?"
  left=$((left - 1))
  [ "$left" -gt 0 ] || fail "nothing is served at $address"
  sleep 1
done
docker run --rm --network host --init --volume "$PWD/setup:/setup:ro" --volume "$folder:/pages" cc-ci/browser:1 \
  python3 -B /setup/served.py "http://$address" /pages \
  / '/?color=red' /recipe/miniflux /run/2026-11-27-0000 /run/going-on /run/broken-02 /queue /help /pr/coop-cloud/miniflux/12
