# The record names every volume that the run found; one without a name has 64 letters in place of it.
[ -n "$RUN" ] || { echo "there was no run" >&2; exit 1; }
cat "$RUN/events.jsonl" "$RUN/ledger.jsonl" | grep -oE '\b[0-9a-f]{64}\b' | sort -u >../seen
docker volume ls --quiet | sort >../there
comm -12 ../seen ../there | sed 's/^/volume /'
docker volume ls --quiet --filter "label=cc-ci.run=$(basename "$RUN")" | sed 's/^/volume /'
