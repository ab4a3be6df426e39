{ printf 'version: "3.8"\nservices:\n'; awk 'BEGIN{for(i=0;i<10000;i++)print "  s" i ": {image: \"nginx:1.27.2\"}"}'; } >compose.yml
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
