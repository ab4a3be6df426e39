# A docker command that is first in PATH writes its environment down.
seen=$(mktemp -d); trap 'rm -rf "$seen"' EXIT
printf '#!/bin/sh\nenv >>"%s/env"\nexit 1\n' "$seen" >"$seen/docker"; chmod +x "$seen/docker"
for command in plan lint "run --stages install"; do
  DOCKER_HOST=tcp://engine.invalid:2375 PATH="$seen:$PATH" timeout 60 "$CC_CI" $command . >"$seen/said" 2>&1 || true
  grep -n '127.0.0.1:18099' "$seen/env" 2>/dev/null && echo "the docker command got it with \`$command\`"
done
exit 0
