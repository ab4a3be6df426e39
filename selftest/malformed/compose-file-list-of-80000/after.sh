{ printf 'COMPOSE_FILE="'; yes 'compose.yml:' | head -n 80000 | tr -d '\n'; echo 'compose.yml"'; } >>.env.sample
git add -A -f .; git -c user.name=t -c user.email=t@example.org commit -qm published; git -c user.name=t -c user.email=t@example.org tag -f -a 0.1.0+1.27.1 -m x >/dev/null; echo >>README.md
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
