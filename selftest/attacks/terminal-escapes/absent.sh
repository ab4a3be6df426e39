for command in plan lint "lint --format json" "lint --format sarif" run; do
  "$CC_CI" $command . >../streams 2>&1
  LC_ALL=C tr -d '\n\t -~\200-\377' <../streams | od -c | sed -n '1s/^0000000 */bytes of `cc-ci '"$command"'`: /p' | grep -v ': *$'
  grep -c "$(printf '\342\200\256')" ../streams | sed -n 's/^[1-9].*/a mark that turns the reading direction, from `cc-ci '"$command"'`/p'
done
exit 0
