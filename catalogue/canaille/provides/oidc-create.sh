# Makes the client and the user of a run, or gives those that are there new secrets. Prints the declared outputs.
# Through Canaille's models and not its command line, which takes secrets only as arguments.
set -eu
: "${CC_CI_REDIRECT:?oidc-create: no redirect under [provided.oidc] of the recipe, the path that the provider sends the browser back to}"
exec python - <<'END'
import logging
import os

logging.disable(logging.WARNING)
import canaille

app = canaille.create_app(init_backend=False)
from canaille.app import models
from canaille.backends import Backend

given = os.environ
name = given["CC_CI_NAMESPACE"]
email = f"{name}@{given['CC_CI_APP_DOMAIN']}"
password, client_secret = given["CC_CI_RANDOM_1"], given["CC_CI_RANDOM_2"]
with app.app_context(), Backend.instance.session():
    backend = Backend.instance
    user = backend.get(models.User, user_name=name) or models.User(user_name=name)
    user.formatted_name = user.family_name = name
    user.emails = [email]
    backend.save(user)
    backend.set_user_password(user, password)

    client = backend.get(models.Client, client_id=name) or models.Client(client_id=name)
    client.client_name = name
    client.client_secret = client_secret
    client.client_uri = given["CC_CI_APP_URL"]
    client.redirect_uris = [given["CC_CI_APP_URL"] + given["CC_CI_REDIRECT"]]
    client.grant_types = ["authorization_code", "refresh_token"]
    client.response_types = ["code"]
    client.scope = ["openid", "profile", "email"]
    client.token_endpoint_auth_method = "client_secret_basic"
    backend.save(client)
    # A token for nobody is a 500 at the token endpoint.
    client.audience = [client]
    backend.save(client)

print(f"issuer={given['CC_CI_PROVIDER_URL']}")
print(f"client_id={name}")
print(f"client_secret={client_secret}")
print(f"user={name}")
print(f"email={email}")
print(f"password={password}")
END
