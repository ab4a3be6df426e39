{ sed '/^      labels:/q' compose.yml; printf '        - "x='; head -c 1000000 /dev/zero | tr '\0' y; printf '"\n'; sed '1,/^      labels:/d' compose.yml; } >c; mv c compose.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
