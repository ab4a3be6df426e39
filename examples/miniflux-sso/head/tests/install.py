#!/usr/bin/env python3
"""The first sign-on makes an account. What it is gets noted for upgrade.py and restore.py."""

import json

import signon


def test():
    signon.sign_in()
    account = signon.account()
    (signon.STATE / "account").write_text(json.dumps(account))
    return f"{signon.NAME} signed in, account {account['id']}"


signon.run(test)
