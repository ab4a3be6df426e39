"""Reads dumps out of a snapshot and says what they hold: `dumps.py dumps SNAPSHOT VALUE PATH...`, run on the workbench.

Prints for each path one line of JSON: its state, whether VALUE stands in it, and what it holds of tables and rows where its format
lets one say so. Everything is read as a stream; only a copy of a SQLite file is written down, in memory and up to a limit.
"""

import bz2
import json
import lzma
import re
import sqlite3
import subprocess
import sys
import threading
import zlib

MOST = 4 << 30  # unpacked bytes of one dump; what is larger is not read to its end (`DumpState::Large` says this, too)
FILE = 512 << 20  # bytes of a copy of a SQLite file
LINE = 64 << 20  # bytes of a line
PIECE = 1 << 20

NAME = rb'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[^\s(."`;]+)'
FULL = rb"(%s(?:\.%s)?)" % (NAME, NAME)
COPY = re.compile(rb"COPY %s .*FROM stdin;\s*$" % FULL)
INSERT = re.compile(rb"(?:INSERT(?: IGNORE)?|REPLACE) INTO %s" % FULL)
CREATE = re.compile(rb"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?%s" % FULL)
ATTACH = re.compile(rb"ALTER TABLE ONLY %s ATTACH PARTITION %s" % (FULL, FULL))
INHERITS = re.compile(rb"\s*INHERITS \(%s" % FULL)
DATABASE = re.compile(
    rb"(?:\\connect (?:-\S+ )?(?:\"dbname='(?P<a>[^']+)'\"|(?P<b>%s))|USE (?P<c>%s);|-- Host: .* Database: (?P<d>\S+))" % (NAME, NAME)
)
PG = re.compile(rb"^-- PostgreSQL database (cluster )?dump", re.M)
MYSQL = re.compile(rb"^-- (MySQL|MariaDB) dump", re.M)
END = re.compile(rb"^-- (PostgreSQL database (cluster )?dump complete|Dump completed)", re.M)
SQLITE = re.compile(rb"^PRAGMA foreign_keys=OFF;\r?$", re.M)


class Cut(Exception):
    """The packing breaks off."""


class Unknown(Exception):
    """It cannot be unpacked here."""


class Large(Exception):
    """It unpacks to more than is read."""


def stored(snapshot, path):
    """The bytes of a file of the snapshot."""
    words = ["restic", "--no-cache", "--quiet", "dump", "--no-lock", snapshot, path]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as restic:
        while piece := restic.stdout.read(PIECE):
            yield piece
        if restic.wait() != 0:
            raise OSError


def unpacked(pieces):
    """The same without its packing."""
    first = next(pieces, b"")
    if first.startswith(b"\x28\xb5\x2f\xfd"):
        raise Unknown
    makers = {b"\x1f\x8b": lambda: zlib.decompressobj(31), b"\xfd7zXZ\0": lzma.LZMADecompressor, b"BZh": bz2.BZ2Decompressor}
    make = next((maker for magic, maker in makers.items() if first.startswith(magic)), None)
    if make is None:
        yield first
        yield from pieces
        return
    part, ended = make(), False
    for piece in (piece for source in ([first], pieces) for piece in source):
        while piece:
            if ended:
                part, ended = make(), False
            yield from spread(part, piece)
            ended = part.eof
            piece = part.unused_data if ended else b""
    if not ended:
        raise Cut


def spread(part, piece):
    """What a piece unpacks to, a little at a time: a piece can hold any amount of zeros."""
    while not part.eof:
        try:
            text = part.decompress(piece, PIECE)
        except (zlib.error, lzma.LZMAError, OSError, EOFError):
            raise Cut from None
        if text:
            yield text
        # What zlib did not take it gives back; the others keep it.
        piece = getattr(part, "unconsumed_tail", b"")
        if not piece and len(text) < PIECE and getattr(part, "needs_input", True):
            return


class Watched:
    """A stream that is searched for a value, and bounded."""

    def __init__(self, pieces, value):
        self.pieces, self.value, self.marked, self.size, self.tail = pieces, value, False, 0, b""

    def __iter__(self):
        for piece in self.pieces:
            self.size += len(piece)
            if self.size > MOST:
                raise Large
            joined = self.tail + piece
            self.marked = self.marked or bool(self.value) and self.value in joined
            self.tail = joined[-4096:]
            yield piece


def plain(name):
    """A name without its quotes, and without the schema that everything is in by itself."""
    parts = re.findall(NAME, name)
    parts = [part[1:-1].replace(part[:1] * 2, part[:1]) if part[:1] in (b'"', b"`") else part for part in parts]
    if len(parts) == 2 and parts[0] == b"public":
        parts = parts[1:]
    return b".".join(parts).decode(errors="replace")


class Script:
    """Counts the rows that a script of statements puts into tables, line by line."""

    def __init__(self, escapes):
        self.escapes, self.databases, self.parents = escapes, {}, {}
        self.database = self.table = self.last = None
        self.copying = self.inserting = self.values = self.text = False
        self.depth = 0

    def add(self, table, rows):
        self.databases.setdefault(self.database, {})
        tables = self.databases[self.database]
        tables[table] = tables.get(table, 0) + rows

    def line(self, line):
        if self.copying:
            if line.rstrip(b"\r\n") == b"\\.":
                self.copying = False
            else:
                self.add(self.table, 1)
        elif self.inserting:
            self.insert(line)
        elif found := INSERT.match(line):
            self.table, self.inserting, self.values, self.depth = plain(found[1]), True, False, 0
            self.insert(line[found.end():])
        elif found := COPY.match(line):
            self.table, self.copying = plain(found[1]), True
            self.add(self.table, 0)
        elif found := CREATE.match(line):
            self.last = plain(found[1])
            self.add(self.last, 0)
        elif found := ATTACH.match(line):
            self.parents.setdefault(self.database, {})[plain(found[2])] = plain(found[1])
        elif (found := INHERITS.match(line)) and self.last:
            self.parents.setdefault(self.database, {})[self.last] = plain(found[1])
        elif found := DATABASE.match(line):
            name = next(group for group in found.groups() if group)
            self.database = plain(name) if name[:1] in b'"`' else name.decode(errors="replace")

    def insert(self, line):
        """Every bracket that stands in none after VALUES begins a row."""
        if self.text:
            line = b"'" + line
        strings = rb"'(?:[^'\\]|\\.|'')*'" if self.escapes else rb"'[^']*'"
        bare = re.sub(strings, b"", line, flags=re.S)
        bare, quote, _ = bare.partition(b"'")
        self.text = bool(quote)
        if not self.values:
            _, found, bare = bare.partition(b"VALUES")
            self.values = bool(found)
        for bracket in re.findall(rb"[()]", bare) if self.values else []:
            if bracket == b"(":
                if self.depth == 0:
                    self.add(self.table, 1)
                self.depth += 1
            else:
                self.depth -= 1
        if not self.text and bare.rstrip().endswith(b";"):
            self.inserting = False

    def held(self):
        """Rows by table and database; the parts of a table count as its own."""
        for database, parents in self.parents.items():
            tables = self.databases.get(database, {})
            for part in list(parents):
                rows, seen = tables.get(part, 0), {part}
                while (part := parents.get(part)) and part not in seen:
                    seen.add(part)
                    tables[part] = tables.get(part, 0) + rows
        return [{"database": database, "tables": tables} for database, tables in self.databases.items()]


def lines(pieces):
    rest = b""
    for piece in pieces:
        head, *more = (rest + piece).split(b"\n")
        for line in more:
            yield head
            head = line
        rest = head
        if len(rest) > LINE:
            raise Unknown
    if rest:
        yield rest


def script(pieces, kind, ends):
    """The state of a dump that is text, and what it holds."""
    found, tail = Script(kind == "mysql"), b""
    for line in lines(pieces):
        found.line(line)
        if line.strip():
            tail = (tail + b"\n" + line)[-4096:]
    return {"state": "complete" if ends(tail) else "cut", "kind": kind, "held": found.held()}


def custom(pieces):
    """What `pg_restore` makes of a dump of its own format."""
    words = ["pg_restore", "-f", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as restore:
        wrong, said = [], []

        def feed():
            try:
                for piece in pieces:
                    restore.stdin.write(piece)
            except BrokenPipeError:
                for _ in pieces:
                    pass
            except (Cut, Unknown, Large, OSError) as error:
                wrong.append(error)
            try:
                restore.stdin.close()
            except BrokenPipeError:
                pass

        threads = [threading.Thread(target=feed), threading.Thread(target=lambda: said.append(restore.stderr.read(PIECE)))]
        for thread in threads:
            thread.start()
        text = Watched(iter(lambda: restore.stdout.read(PIECE), b""), value)
        answer = script(text, "postgres", lambda tail: END.search(tail))
        for thread in threads:
            thread.join()
        restore.wait()
    if wrong:
        raise wrong[0]
    if b"unsupported version" in said[0]:
        raise Unknown
    answer["state"] = "complete" if restore.returncode == 0 else "cut"
    return answer | {"marked": text.marked}


def database(pieces):
    """A copy of a SQLite file: as many pages as it says, well formed, and what it holds."""
    path, size, head = "/tmp/copy", 0, b""
    with open(path, "wb") as copy:
        for piece in pieces:
            head = (head + piece)[:100] if len(head) < 100 else head
            size += len(piece)
            if size > FILE:
                raise Unknown
            copy.write(piece)
    page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    if size < (65536 if page == 1 else page) * pages:
        return {"state": "cut"}
    try:
        opened = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        if opened.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            return {"state": "malformed"}
        tables = {}
        for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            try:
                quoted = '"' + name.replace('"', '""') + '"'
                (tables[name],) = opened.execute(f"SELECT count(*) FROM {quoted}").fetchone()
            except sqlite3.OperationalError:
                pass  # of a module that only the app has
    except sqlite3.DatabaseError:
        return {"state": "malformed"}
    return {"state": "complete", "kind": "sqlite", "held": [{"database": "main", "tables": tables}]}


def judged(pieces):
    pieces = iter(pieces)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= 4096:
            break
    # Zeros are what a disk holds where nothing was written, and pack to nothing.
    while head and not head.strip(b"\0"):
        head = next(pieces, b"")
    if not head:
        return {"state": "empty"}

    def all_of_it():
        yield head
        yield from pieces

    start = head[:4096]
    if head.startswith(b"PGDMP"):
        return custom(all_of_it())
    if PG.search(start):
        return script(all_of_it(), "postgres", lambda tail: END.search(tail))
    if MYSQL.search(start):
        return script(all_of_it(), "mysql", lambda tail: END.search(tail))
    if SQLITE.search(head[:200]):
        return script(all_of_it(), "sqlite", lambda tail: tail.rstrip().endswith(b"COMMIT;"))
    if head.startswith(b"REDIS"):
        tail = b""
        for piece in all_of_it():
            tail = (tail + piece)[-9:]
        return {"state": "complete" if tail[:1] == b"\xff" else "cut"}
    if head.startswith(b"SQLite format 3\0") and len(head) >= 100:
        return database(all_of_it())
    for _ in pieces:
        pass
    return {"state": "plain"}


def read(snapshot, path):
    stream = Watched(unpacked(stored(snapshot, path)), value)
    try:
        answer = judged(stream)
    except Cut:
        answer = {"state": "cut"}
    except Unknown:
        answer = {"state": "packed"}
    except Large:
        answer = {"state": "large"}
    except OSError:
        answer = {"state": "unreadable"}
    return {"marked": stream.marked} | answer


_, snapshot, value, *paths = sys.argv[1:]
value = value.encode()
for path in paths:
    print(json.dumps(read(snapshot, path)))
