#!/bin/bash
# Sets the password of SuperUser, then becomes the server. The first call also makes the database or changes it to this version.
set -euo pipefail
mumble-server -fg -ini /etc/mumble.ini -readsupw <<<"$(</run/secrets/super_pass)"
exec mumble-server -fg -ini /etc/mumble.ini
