# Prints the namespaces of runs that have a client or a user here.
set -eu
exec python - <<'END'
import logging

logging.disable(logging.WARNING)
import canaille

app = canaille.create_app(init_backend=False)
from canaille.app import models
from canaille.backends import Backend

with app.app_context(), Backend.instance.session():
    names = {client.client_id for client in Backend.instance.query(models.Client)}
    names |= {user.user_name for user in Backend.instance.query(models.User)}
for name in sorted(names):
    if name and name.startswith("cc-ci-"):
        print(name)
END
