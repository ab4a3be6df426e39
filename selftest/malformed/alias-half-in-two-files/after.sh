bomb() { printf 'x-a: &a ['; yes 'l,' | head -n 999 | tr -d '\n'; echo 'l]'; echo 'x-b: [*a, *a, *a, *a]'; }
printf 'version: "3.8"\nservices: {app: {environment: [A=1]}}\n' >compose.two.yml
echo 'COMPOSE_FILE="compose.yml:compose.two.yml"' >>.env.sample
git add -A -f .; git -c user.name=t -c user.email=t@example.org commit -qm published; git -c user.name=t -c user.email=t@example.org tag -f -a 0.1.0+1.27.1 -m x >/dev/null
bomb >>compose.yml; { printf 'version: "3.8"\nservices: {app: {environment: [A=1]}}\n'; bomb; } >compose.two.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
