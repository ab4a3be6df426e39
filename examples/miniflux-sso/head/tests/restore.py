#!/usr/bin/env python3
"""The account is in the restored database, and a sign-on finds it there: none is made anew."""

import json

import signon


def test():
    before = json.loads((signon.STATE / "account").read_text())
    signon.sign_in()
    now = signon.account()
    signon.check(now == before, f"another account: {now}, before {before}")
    return f"{signon.USER} signed in, the same account {now['id']}"


signon.run(test)
