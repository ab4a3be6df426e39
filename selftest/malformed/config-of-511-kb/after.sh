cat >>compose.yml <<'Y'
configs:
  c:
    name: ${STACK_NAME}_c_${C_VERSION}
    file: c.conf
Y
sed -i 's|^    healthcheck:|    configs: [{source: c, target: /c}]\n    healthcheck:|' compose.yml
echo 'export C_VERSION=v1' >abra.sh; head -c 511999 /dev/zero | tr '\0' x >c.conf
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
