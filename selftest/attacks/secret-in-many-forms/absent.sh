# Each line that the test printed is `FORM name <the form>`; of those that SEC-1 names nothing may be left but the mask.
forms='plain|b64|b64off1|b64off2|b64url|hex|HEX|pct|json'
[ -n "$RUN" ] || { echo "there was no run" >&2; exit 1; }
grep -rahoE "FORM ($forms) <[^>]*>" "$RUN" "$SAID" >../lines || { echo "the test's output is nowhere" >&2; exit 1; }
grep -E '[0-9a-f]{32}|[0-9A-F]{32}|[A-Za-z0-9_-]{24}' ../lines
exit 0
