touch compose.yml # so that git must look at it again
for command in lint plan; do "$CC_CI" "$command" . >/dev/null 2>&1; done
[ ! -e ../CANARY ] || { echo "the filter ran:"; cat ../CANARY; }
