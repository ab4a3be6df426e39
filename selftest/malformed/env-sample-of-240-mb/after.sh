{ printf 'A='; head -c 60000 /dev/zero | tr '\0' x; echo; awk 'BEGIN{for(i=0;i<4000;i++)print "B" i "=$A"}'; } >>.env.sample
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
