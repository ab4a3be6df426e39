{ printf 'x-a: &a ['; yes 'l,' | head -n 979 | tr -d '\n'; echo 'l]'; echo 'x-b: [*a, *a, *a, *a, *a]'; } >>compose.yml
i=0; while [ $i -lt 60 ]; do printf 'version: "3.8"\nservices: {app: {environment: [A=1]}}\n' >compose.o$i.yml; i=$((i+1)); done
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
