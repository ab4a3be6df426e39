# What was deployed over the recipe's own file; the app has one service.
[ -f "$RUN/effective-stack.yml" ] || { echo "nothing was deployed" >&2; exit 1; }
for bound in pids memory; do
  grep -qE "\"$bound\": \"?[1-9]" "$RUN/effective-stack.yml" || echo "a service without a bound of $bound"
done
