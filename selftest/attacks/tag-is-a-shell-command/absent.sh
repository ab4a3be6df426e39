# Hints are commands to copy: each is read by a shell that knows no other program than these.
{ "$CC_CI" lint . 2>&1; "$CC_CI" plan . 2>&1; } >../said
grep -oE '`git tag [^`]*`|^ *hint: *git tag .*' ../said | tr -d '`' | sed 's/^ *hint: *//' >../hints
while IFS= read -r hint; do
  (PATH=/nowhere; git() { :; }; touch() { echo "a hint runs \`touch\`: $hint"; }; id() { echo "a hint runs \`id\`: $hint"; }; eval "$hint") 2>&1
done <../hints
[ ! -e x ] || echo "a hint wrote the file x"
