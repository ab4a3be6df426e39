printf x >'a
..b.yml'; printf x >'compose..yml.bak'
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
