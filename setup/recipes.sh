#!/bin/sh
# Assembles the folders under examples/ into recipe repositories: a commit and an annotated tag per published version, then head.
# Copies catalogue/ into the state folder's catalogue, where entries of this machine's own stay as they are.
# Run from the repository root. CC_CI_STATE: state folder, default ./.state; the repositories go to its folder recipes/
set -eu
state=${CC_CI_STATE:-$PWD/.state}
say() { printf 'recipes: %s\n' "$*"; }
fail() { printf 'recipes: %s\n' "$*" >&2; exit 1; }
mkdir -p "$state/recipes" "$state/log"
state=$(cd "$state" && pwd -P)
log=$state/log/recipes.log
[ -d examples ] || fail "no folder examples/ here; run this from the root of the cc-ci repository"
command -v git >/dev/null 2>&1 || fail "no git; run setup/packages.sh first"

# The commits are the same on every machine: no settings, names or clock of this one go in.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME='Example maintainer' GIT_AUTHOR_EMAIL=maintainer@example.org
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"
umask 022

# digest PATH...: changes with any name, mode or byte in them.
digest() { find "$@" -type f -printf '%m %p\n' -exec sha256sum {} + | LC_ALL=C sort | sha256sum | cut -c 1-16; }

# commit REPO TREE MESSAGE: makes TREE the content of the next commit.
commit() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +
  cp -R "$2/." "$1"
  commits=$((commits + 1))
  export GIT_AUTHOR_DATE="$((1700000000 + commits * 86400)) +0000"
  export GIT_COMMITTER_DATE="$GIT_AUTHOR_DATE"
  git -C "$1" add --all
  git -C "$1" commit --quiet --allow-empty --message "$3"
}

# repository NAME VERSIONS HEAD KEY: VERSIONS is a folder of version folders.
repository() {
  final=$state/recipes/$1 new=$state/recipes/.$1.new
  rm -rf "$new"
  mkdir -p "$new"
  commits=0
  git -C "$new" -c init.defaultBranch=main init --quiet
  # "sort -V" puts 1.10 after 1.9.
  ls "$2" | LC_ALL=C sort -V >"$state/recipes/.versions"
  while read -r version; do
    commit "$new" "$2/$version" "chore: publish $version release"
    git -C "$new" tag --annotate --message "chore: publish $version release" "$version"
  done <"$state/recipes/.versions"
  rm "$state/recipes/.versions"
  commit "$new" "$3" 'feat: next version'
  echo "$4" >"$new/.git/cc-ci-key"
  rm -rf "$final"
  mv "$new" "$final"
}

# fresh NAME KEY: is the assembled repository made from exactly this?
fresh() { [ "$(cat "$state/recipes/$1/.git/cc-ci-key" 2>/dev/null)" = "$2" ]; }

# sabotage FOLDER: a variant of an example, broken on purpose. The folder holds WHAT (one line) and, as needed,
#   OVER       lines "recipe=NAME" (default static-site), "published=last" (only the last version is), "head=base" (head begins as a copy of it)
#   catalogue/ laid over a copy of the repository's catalogue/, in the state folder's catalogues/sabotage-NAME for --catalogue
#   all.patch  for every published version and head;  base.patch  for the last published version;  head.patch  for head
sabotage() {
  name=sabotage-${1##*/}
  recipe=static-site published=all head=head
  if [ -f "$1/OVER" ]; then
    while IFS='=' read -r what value; do
      case $what in
        recipe) recipe=$value ;;
        published) published=$value ;;
        head) head=$value ;;
        *) fail "$1/OVER: unknown line \"$what\"; known are recipe, published and head" ;;
      esac
    done <"$1/OVER"
  fi
  if [ -d "$1/catalogue" ]; then
    rm -rf "$state/catalogues/$name"
    mkdir -p "$state/catalogues/$name"
    cp -R catalogue/. "$1/catalogue/." "$state/catalogues/$name"
  fi
  key=$(digest "$1" "examples/$recipe" setup/recipes.sh)
  ! fresh "$name" "$key" || return 0
  say "assembling $name ($(head -n 1 "$1/WHAT"))"
  work=$state/recipes/.$name.tree
  rm -rf "$work"
  cp -R "examples/$recipe" "$work"
  last=$(ls "$work/versions" | LC_ALL=C sort -V | tail -n 1)
  [ "$published" = all ] || find "$work/versions" -mindepth 1 -maxdepth 1 ! -name "$last" -exec rm -rf {} +
  for tree in "$work"/versions/* "$work/head"; do apply "$1/all.patch" "$tree"; done
  apply "$1/base.patch" "$work/versions/$last"
  if [ "$head" = base ]; then rm -rf "$work/head" && cp -R "$work/versions/$last" "$work/head"; fi
  apply "$1/head.patch" "$work/head"
  repository "$name" "$work/versions" "$work/head" "$key"
  rm -rf "$work"
}

# apply PATCH TREE; no such patch: nothing to do.
apply() {
  [ -f "$1" ] || return 0
  patch=$PWD/$1
  # Below the ceiling git sees no repository, so it applies to the plain folder.
  (cd "$2" && GIT_CEILING_DIRECTORIES=$state/recipes git apply "$patch") >"$log" 2>&1 ||
    fail "$1 does not fit ${2##*/}: $(head -n 1 "$log"); the example has changed, so change the patch too"
}

for folder in examples/*/; do
  name=$(basename "$folder")
  [ "$name" != sabotage ] || continue
  key=$(digest "examples/$name" setup/recipes.sh)
  if ! fresh "$name" "$key"; then
    say "assembling $name in $state/recipes (published versions as tags)"
    repository "$name" "examples/$name/versions" "examples/$name/head" "$key"
  fi
done
for folder in examples/sabotage/*/; do
  [ -d "$folder" ] || continue
  sabotage "${folder%/}"
done

# provide FILE: below catalogue/, into the state folder's. A file that was changed there since it was copied is the operator's own.
provide() {
  target=$state/catalogue/$1
  if [ -f "$target" ] && ! cmp -s "catalogue/$1" "$target"; then
    is=$(sha256sum <"$target" | cut -d ' ' -f 1)
    was=$(awk -v file="$1" '$2 == file { print $1 }' "$copied" 2>/dev/null)
    if [ "$is" != "$was" ]; then
      say "catalogue/$1 is left as it is on this machine; the one of this version differs"
      return
    fi
  fi
  if ! cmp -s "catalogue/$1" "$target"; then mkdir -p "${target%/*}" && cp "catalogue/$1" "$target"; fi
  echo "$(sha256sum <"catalogue/$1" | cut -d ' ' -f 1) $1" >>"$copied.new"
}
copied=$state/catalogue/.copied
mkdir -p "$state/catalogue"
: >"$copied.new"
(cd catalogue && find . -type f -printf '%P\n') | LC_ALL=C sort >"$state/catalogue/.files"
while read -r file; do provide "$file"; done <"$state/catalogue/.files"
rm "$state/catalogue/.files"
mv "$copied.new" "$copied"
