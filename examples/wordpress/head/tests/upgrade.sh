#!/bin/bash
# What the old version kept is there, and the administrator can still log in.
set -euo pipefail
source "${BASH_SOURCE%/*}/session"
source "${BASH_SOURCE%/*}/kept"
login
kept
echo "post and file of the old version are there"
