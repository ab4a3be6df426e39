#!/usr/bin/python3
"""backup: a copy of the database; restore: brings it back."""

import shutil
import sqlite3
import sys
from contextlib import closing

DATABASE, COPY = "/data/canaille.sqlite", "/data/backup.sqlite"

if sys.argv[1] == "backup":
    shutil.copyfile(DATABASE, COPY)
elif sys.argv[1] == "restore":
    with closing(sqlite3.connect(COPY)) as old, closing(sqlite3.connect(DATABASE, timeout=10)) as new:
        old.backup(new)
else:
    sys.exit(f"unknown word {sys.argv[1]}; known are backup and restore")
