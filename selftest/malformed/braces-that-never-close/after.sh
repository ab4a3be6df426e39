{ sed '/^      labels:/q' compose.yml; printf '        - "x='; yes '${A-' | head -n 250000 | tr -d '\n'; printf '"\n'; sed '1,/^      labels:/d' compose.yml; } >c; mv c compose.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
