#!/usr/bin/env python3
"""The account is in the restored database, and a sign-on finds it there: none is made anew."""

import signon


def test():
    before = signon.noted()
    signon.sign_in()
    now = signon.account()
    signon.check(now == before, f"another account: {now}, before {before}")
    return f"{signon.NAME} signed in, the same account {now['id']}"


signon.run(test)
