# Removes the client and the user of a run, with their tokens, codes and consents. Nothing there: nothing to do.
set -eu
exec python - <<'END'
import logging
import os

logging.disable(logging.WARNING)
import canaille

app = canaille.create_app(init_backend=False)
from canaille.app import models
from canaille.backends import Backend

name = os.environ["CC_CI_NAMESPACE"]
if not name.startswith("cc-ci-"):
    raise SystemExit(f"oidc-delete: {name} is no namespace of a run")
with app.app_context(), Backend.instance.session():
    backend = Backend.instance
    client = backend.get(models.Client, client_id=name)
    user = backend.get(models.User, user_name=name)
    for model in (models.Consent, models.Token, models.AuthorizationCode):
        # SQLite does not follow foreign keys by itself, so what hangs on them goes first.
        found = backend.query(model, client=client) if client else []
        found += backend.query(model, subject=user) if user else []
        for one in {one.id: one for one in found}.values():
            backend.delete(one)
    for one in (client, user):
        if one:
            backend.delete(one)
END
