mkdir -p tests/custom; printf '#!/bin/sh\n' >"tests/custom/$(printf 'a\033b').sh"; chmod +x tests/custom/*
git add -A -f .; git -c user.name=t -c user.email=t@example.org -c core.safecrlf=false -c core.autocrlf=false commit -qm head
