#!/usr/bin/env python3
"""A wrong password is refused; the right one leads from the app over the provider back into the app, as that user."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import signon


def test():
    signon.refused("wrong")
    signon.sign_in()
    return f"{signon.NAME} signed in; a wrong password was refused"


signon.run(test)
