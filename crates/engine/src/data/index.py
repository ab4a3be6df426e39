"""Looks through volumes in one pass: `index.py TASK BYTES FOLDER...`, run on the workbench in the folder of the volumes.

`index` prints for every entry `kind size mode uid gid form digest sample` and its path, each ended by a zero byte, and reads contents
up to BYTES in all, the smallest files first. `sqlite` prints the paths of SQLite files and reads nothing but their first bytes;
`stamps` prints each with the sizes and times of the file and of what SQLite writes beside it, so that a change shows.
What goes away meanwhile is left out, and nothing is followed out of a volume.
"""

import hashlib
import os
import stat
import sys

WHOLE = 16 << 20  # files up to this size are read whole; of larger ones, pieces
PIECES, PIECE = 16, 64 << 10
SAMPLE = 32  # bytes of a content that are kept, at even distances
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
KINDS = {
    stat.S_IFREG: b"f",
    stat.S_IFDIR: b"d",
    stat.S_IFLNK: b"l",
    stat.S_IFIFO: b"p",
    stat.S_IFSOCK: b"s",
}
SQLITE = b"SQLite format 3\0"


def walk(folder, own):
    """Every entry below a folder, and whether it lies in a database's own folder."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    names = {entry.name for entry in entries}
    own = own or bool(names & {b"ibdata1", b"WiredTiger"}) or (b"PG_VERSION" in names and b"/base/" not in folder)
    for entry in entries:
        try:
            yield entry.path, entry.stat(follow_symlinks=False), own
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path, own)
        except FileNotFoundError:
            pass


def read(path, size):
    """The content, or pieces of a large one. A hole reads as zeros and costs next to nothing."""
    descriptor = os.open(path, OPEN)
    try:
        if size <= WHOLE:
            chunks = []
            while chunk := os.read(descriptor, 1 << 20):
                chunks.append(chunk)
                if sum(map(len, chunks)) > 2 * WHOLE:
                    break
            return b"".join(chunks)
        starts = (piece * (size - PIECE) // (PIECES - 1) for piece in range(PIECES))
        return b"".join(os.pread(descriptor, PIECE, start) for start in starts)
    finally:
        os.close(descriptor)


def form(content):
    """`s` for a SQLite file, `t` for text, `b` for anything else."""
    if content.startswith(SQLITE):
        return b"s"
    head = content[:4096]
    if b"\0" in head:
        return b"b"
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character that the cut went through is no sign of anything.
        return b"t" if error.start > len(head) - 4 and len(content) > len(head) else b"b"
    return b"t"


def sample(content):
    return bytes(content[place * len(content) // SAMPLE] for place in range(min(SAMPLE, len(content))))


def line(path, facts, more=b"- - -"):
    kind = KINDS.get(stat.S_IFMT(facts.st_mode), b"o")
    numbers = b"%d %o %d %d" % (facts.st_size, stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid)
    return b"%s %s %s\0%s\0" % (kind, numbers, more, path)


def described(path, facts):
    """The entry with what a file holds, or where a link leads."""
    try:
        if stat.S_ISLNK(facts.st_mode):
            content, mark, shape = os.readlink(path), b"", b"-"
        else:
            content, mark = read(path, facts.st_size), b"~" if facts.st_size > WHOLE else b""
            shape = form(content)
    except FileNotFoundError:
        return b""
    except OSError:
        return line(path, facts)
    digest = mark + hashlib.sha256(content).hexdigest().encode()
    return line(path, facts, b"%s %s %s" % (shape, digest, sample(content).hex().encode() or b"-"))


def index(folders, budget):
    out = sys.stdout.buffer
    files = []
    for folder in folders:
        out.write(line(folder + b"/", os.stat(folder)))
        for path, facts, own in walk(folder, False):
            if stat.S_ISLNK(facts.st_mode):
                out.write(described(path, facts))
            elif stat.S_ISREG(facts.st_mode) and not own:
                files.append((facts.st_size, path, facts))
            else:
                out.write(line(path, facts))
    for size, path, facts in sorted(files, key=lambda file: file[:2]):
        budget -= min(size, PIECES * PIECE) if size > WHOLE else size
        out.write(described(path, facts) if budget >= 0 else line(path, facts))


def sqlite(folders):
    """The paths of SQLite files."""
    found = []
    for folder in folders:
        for path, facts, _ in walk(folder, False):
            # A database is whole pages, so most files are not opened.
            if stat.S_ISREG(facts.st_mode) and facts.st_size >= 512 and facts.st_size % 512 == 0:
                try:
                    descriptor = os.open(path, OPEN)
                except OSError:
                    continue
                if os.read(descriptor, len(SQLITE)) == SQLITE:
                    found.append(path)
                os.close(descriptor)
    return sorted(found)


def stamps(paths):
    """Each path with when it was written last, and how large it is."""
    for path in paths:
        stamp = b""
        for file in (path, path + b"-wal", path + b"-journal"):
            try:
                facts = os.stat(file, follow_symlinks=False)
                stamp += b"%d %d " % (facts.st_size, facts.st_mtime_ns)
            except OSError:
                stamp += b"- "
        yield path + b"\0" + stamp


sys.setrecursionlimit(5000)
task, budget, *folders = map(os.fsencode, sys.argv[1:])
os.chdir("/volumes")
if task == b"index":
    index(folders, int(budget))
else:
    found = sqlite(folders)
    sys.stdout.buffer.write(b"".join(part + b"\0" for part in (stamps(found) if task == b"stamps" else found)))
