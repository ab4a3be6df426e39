#!/bin/bash
# The post is back in the database and the file in the uploads.
set -euo pipefail
source "${BASH_SOURCE%/*}/kept"
kept
