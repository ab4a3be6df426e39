#!/bin/sh
# Runs every example recipe from first deploy to verdict, one after the other, and says how long each took.
# Run from the repository root, after set-up with all images. CC_CI_STATE: state folder, default ./.state; CC_CI: the program with
# its first words, default "cargo run". Ends with 1 when one of them is not green.
set -eu
state=${CC_CI_STATE:-$PWD/.state}
say() { printf 'demo-all: %s\n' "$*"; }
summary='' code=0 begun=$(date +%s)
for folder in examples/*/; do
  name=$(basename "$folder")
  [ "$name" != sabotage ] || continue
  say "$name"
  since=$(date +%s)
  # shellcheck disable=SC2086 # a program and its first words
  if ${CC_CI:-cargo run --quiet --package cc-ci --} run --policy examples/policy.toml "$state/recipes/$name"; then verdict=green; else verdict="not green (exit code $?)" code=1; fi
  summary="$summary$(printf '%-14s %4s s  %s' "$name" "$(($(date +%s) - since))" "$verdict")
"
done
printf '%s' "$summary" | while IFS= read -r line; do say "$line"; done
say "$(printf '%-14s %4s s' all "$(($(date +%s) - begun))")"
exit "$code"
