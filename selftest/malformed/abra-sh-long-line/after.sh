yes 'export A=1;' | head -n 90000 | tr -d '\n' >abra.sh; echo >>abra.sh
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
