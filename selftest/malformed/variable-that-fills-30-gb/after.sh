{ printf 'A='; head -c 60000 /dev/zero | tr '\0' x; echo; } >>.env.sample
git add -A -f .; git -c user.name=t -c user.email=t@example.org commit -qm published; git -c user.name=t -c user.email=t@example.org tag -f -a 0.1.0+1.27.1 -m x >/dev/null
{ sed '/^      labels:/q' compose.yml; printf '        - "x='; yes '$A' | head -n 500000 | tr -d '\n'; printf '"\n'; sed '1,/^      labels:/d' compose.yml; } >c; mv c compose.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
