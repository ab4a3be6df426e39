{ echo 'x-0: &a0 {k: v}'; awk 'BEGIN{for(i=1;i<30;i++)printf "x-%d: &a%d {<<: [*a%d, *a%d], k%d: v}\n",i,i,i-1,i-1,i}'; } >>compose.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
