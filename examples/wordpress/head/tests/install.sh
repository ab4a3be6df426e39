#!/bin/bash
# What hooks/install_steps made is there.
set -euo pipefail
source "${BASH_SOURCE%/*}/kept"
kept
echo "a post and an uploaded file are there"
