#!/usr/bin/env python3
"""Who signed on at the old version gets the same account at the new one."""

import signon


def test():
    before = signon.noted()
    signon.sign_in()
    now = signon.account()
    signon.check(now == before, f"another account: {now}, before {before}")
    return f"{signon.NAME} signed in, the same account {now['id']}"


signon.run(test)
