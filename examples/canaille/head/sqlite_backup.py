#!/usr/bin/python3
"""backup: a whole copy of the database; restore: brings it back. Both while the server runs, with SQLite's own locks."""

import os
import sqlite3
import sys
from contextlib import closing

DATABASE, COPY = "/data/canaille.sqlite", "/data/backup.sqlite"


def copy(source, target):
    with closing(sqlite3.connect(source, timeout=10)) as old, closing(sqlite3.connect(target, timeout=10)) as new:
        old.backup(new)


if sys.argv[1] == "backup":
    part = f"{COPY}.part"
    if os.path.exists(part):
        os.remove(part)
    copy(DATABASE, part)
    os.rename(part, COPY)
elif sys.argv[1] == "restore":
    copy(COPY, DATABASE)
else:
    sys.exit(f"unknown word {sys.argv[1]}; known are backup and restore")
