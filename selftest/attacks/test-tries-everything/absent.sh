[ -f "$RUN/index.html" ] || { echo "there is no page" >&2; exit 1; }
LC_ALL=C grep -an "$(printf '\033')" "$SAID" "$RUN"/*.txt "$RUN"/logs/* 2>/dev/null | cut -c 1-200
grep -aonE '<script>alert|<img src=x|onerror=alert\([0-9]\)>|href="javascript:|</svg><script' "$RUN/index.html"
exit 0
