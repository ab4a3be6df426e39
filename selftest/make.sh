#!/bin/sh
# make.sh GROUP/NAME TARGET: makes a git repository of a case, for `cc-ci run TARGET`, `cc-ci plan TARGET` or `cc-ci lint TARGET`.
# TARGET must not exist; the last part of its path is the recipe's name.
# EXAMPLES is the project's folder examples/ (needed for cases that are patches over an example).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 2 ] || { echo "usage: make.sh GROUP/NAME TARGET" >&2; exit 2; }
case=$1; to=$2; from=$here/$case; group=${case%%/*}; name=${case#*/}
[ ! -e "$to" ] || { echo "make.sh: $to is there already" >&2; exit 2; }
EXAMPLES=${EXAMPLES:-$here/../examples}

field() { # field NAME: a text value at the top level of case.toml
  [ -f "$from/case.toml" ] || return 0
  sed -n -e '/^\[/q' -e "s/^$1 = \"\(.*\)\"\$/\1/p" "$from/case.toml"
}
list() { # list NAME: a list of texts at the top level of case.toml, one a line
  [ -f "$from/case.toml" ] || return 0
  sed -n -e '/^\[/q' -e "s/^$1 = \[\(.*\)\]\$/\1/p" "$from/case.toml" | tr ',' '\n' | sed -e 's/^ *"//' -e 's/" *$//'
}
g() { git -C "$to" -c user.name=t -c user.email=t@example.org -c core.autocrlf=false -c core.safecrlf=false -c tag.gpgsign=false -c commit.gpgsign=false "$@"; }
clear() { find "$to" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +; }
commit() { # the index is made anew: files of two states may have the same size and time
  rm -f "$to/.git/index"; g add -A -f .; g commit -q --allow-empty -m "$1"
}
tag() {
  [ -z "$(field untagged)" ] || return 0
  if [ "$(field tags)" = lightweight ]; then g tag "$1"; else g tag -a "$1" -m "$1"; fi
}
put() { # put FOLDER: its content becomes the working tree
  clear; cp -a "$1/." "$to/"
  [ "$(field tests)" != removed ] || rm -rf "$to/tests"
}
# `patches` names the folder of examples/ that holds a case's patches, where they are not in the case's own
patches=$(field patches); patches=${patches:+$EXAMPLES/$patches}; patches=${patches:-$from}
patch() { [ ! -f "$patches/$1.patch" ] || (cd "$to" && git apply --whitespace=nowarn "$patches/$1.patch"); }

g_init() { git init -q -b main "$to"; }
if [ -f "$here/$group/rows/$name.yml" ]; then
  # a row of loader/ or lint/: the small recipe of rows/_base with another compose.yml, and what NAME.patch changes beside it
  rows=$here/$group/rows; g_init
  cp -a "$rows/_base/." "$to/"; cp "$rows/$name.yml" "$to/compose.yml"
  [ ! -f "$rows/$name.patch" ] || (cd "$to" && git apply --whitespace=nowarn "$rows/$name.patch")
  commit one; g tag -a 0.1.0+1.27.1 -m 0.1.0+1.27.1; commit two
elif [ -d "$from/versions" ]; then
  # full trees: versions/<tag> (oldest first by version), then head/, or head.patch over the last of them
  g_init
  for v in $(ls "$from/versions" | sort -V); do put "$from/versions/$v"; commit "publish $v"; tag "$v"; done
  for t in $(list extra_tags); do g tag -a "$t" -m "$t"; done
  if [ -d "$from/head" ]; then put "$from/head"; fi
  patch head; commit head
elif [ "$(field over)" = none ]; then
  # base.patch makes the published version from nothing, head.patch changes it
  g_init; patch base; commit base; last=$(field base_tag); tag "${last:-1.0.0+1.0.0}"
  patch head; commit head
elif [ -n "$(field over_tree)" ]; then
  # head of another case, changed by head.patch: one commit, no published version
  g_init; put "$here/$(field over_tree)/head"; patch head; commit head
elif [ -d "$from/head" ]; then
  g_init; put "$from/head"; commit head
elif [ -n "$(field over)" ]; then
  over=$here/_examples/$(field over)
  [ -d "$over" ] || over=$EXAMPLES/$(field over)
  [ -d "$over/head" ] || { echo "make.sh: no example $over; set EXAMPLES" >&2; exit 2; }
  g_init
  versions=$(ls "$over/versions" | sort -V); last=$(printf '%s\n' "$versions" | tail -n 1)
  for v in $versions; do
    put "$over/versions/$v"; patch all; [ "$v" != "$last" ] || patch base; patch "$v"
    commit "publish $v"; tag "$(field tag_prefix)$v"
  done
  for t in $(list extra_tags); do g tag -a "$t" -m "$t"; done
  h=$(field head_over)
  if [ -n "$h" ]; then put "$over/versions/$h"; else put "$over/head"; fi
  patch all; patch head; commit head
else
  echo "make.sh: no case $case" >&2; exit 2
fi
# what cannot be said with files: generators, settings of the repository, odd tags
[ ! -f "$from/after.sh" ] || (cd "$to" && CASE=$from sh "$from/after.sh")
