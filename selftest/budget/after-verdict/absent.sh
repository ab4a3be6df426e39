# What the hook left behind would have deployed at once: it looked twenty times a second.
for second in 1 2 3 4 5 6 7 8 9 10; do
  docker service ls --filter label=com.docker.stack.namespace=straylate2 --format '{{.Name}}' | grep . && break
  sleep 1
done
docker stack rm straylate2 >/dev/null 2>&1
exit 0
