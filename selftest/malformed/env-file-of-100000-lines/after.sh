awk 'BEGIN{for(i=0;i<100000;i++)print "V" i "=x"}' >x.env
sed -i 's|^    healthcheck:|    env_file: [x.env, ./x.env]\n    healthcheck:|' compose.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
