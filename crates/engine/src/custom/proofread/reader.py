# Reads tests and hooks before there is an app, and says of each that cannot be run why; what only a run can show is left to the run.
# It runs where the tests run, as nobody, in a container without a network: collecting a file of tests executes it.
#   [KIND, PATH, TIER, WORD...]...   JSON: hurl (words that read the file), pytest, script, or host (a script for another machine)
# Prints a JSON list of [PATH, SUMMARY, WHAT HURL SAID].
import ast, json, os, re, shutil, signal, subprocess, sys, tempfile, warnings

TESTS = "/tests"
LIMIT = 20
SHELLS = ("sh", "dash", "bash")
# Commands behind which a shell reads no further.
ENDS = re.compile(rb"\s*(exit|exec)\b")
TRIES = 50


def hurl(path, words):
    done = subprocess.run(words, capture_output=True, timeout=LIMIT)
    return (None, done.stderr.decode(errors="replace")) if done.returncode == 2 else None


def wrong_python(path):
    """What Python's own reader says against a file."""
    with open(os.path.join(TESTS, path), "rb") as file:
        text = file.read()
    try:
        compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return "%s:%s: %s" % (path, error.lineno or 1, error.msg)
    except ValueError as error:
        return "%s: %s" % (path, error)
    except (RecursionError, MemoryError):
        pass
    return None


def complaint(words, text):
    """What a shell says against a text that it only reads; None when it can read it."""
    done = subprocess.run(words, input=text, capture_output=True, timeout=LIMIT)
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "it cannot be read"


def wrong_shell(path, text, shell):
    readers = [[shell, "-n"]]
    if shell == "bash":
        # A script may switch these patterns on as it goes.
        readers.append(["bash", "-O", "extglob", "-n"])
    said = None
    for words in readers:
        said = complaint(words, text)
        if said is None:
            return None
    # Behind an exit there may stand anything.
    lines = text.splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines) if ENDS.match(line)]
    for number in ends[:TRIES]:
        if complaint(readers[-1], b"".join(lines[: number + 1])) is None:
            return None
    found = re.match(r"[^:]*: (?:line )?(\d+): (.*)", said)
    return "%s:%s: %s" % (path, found[1], found[2]) if found else "%s: %s" % (path, said)


def interpreters(first):
    """The programs that a script's first line calls, as the kernel takes it apart: the last one reads the script."""
    words = [os.fsdecode(word) for word in re.split(rb"[ \t]+", first[2:].strip(b" \t"), maxsplit=1) if word]
    if len(words) == 2 and os.path.basename(words[0]) == "env":
        called = words[1].removeprefix("-S").split(" ")
        called = [word for word in called if word]
        if not called or called[0].startswith("-") or "=" in called[0]:
            return []
        return [words[0], called[0]]
    return words[:1]


def missing(path, name):
    """What is to be said of an interpreter that is not there. An earlier test may leave one where it may write."""
    if name.startswith(("/state", "/tmp")) or shutil.which(name):
        return None
    if name.endswith("\r"):
        return "%s:1: its lines end as on Windows, so that its interpreter is sought as `%s\\r`" % (path, name[:-1])
    return "%s:1: its interpreter `%s` is not there" % (path, name)


def script(path, where):
    with open(os.path.join(TESTS, path), "rb") as file:
        text = file.read()
    if text.startswith(b"\x7fELF") or b"\0" in text[:256]:
        return None
    called = interpreters(text.split(b"\n", 1)[0]) if text.startswith(b"#!") else ["/bin/sh"]
    # On another machine there are others.
    for name in called if where == "script" else []:
        said = missing(path, name)
        if said:
            return (said, None)
    reader = os.path.basename(called[-1]) if called else ""
    if reader in SHELLS and shutil.which(reader):
        said = wrong_shell(path, text, reader)
    elif reader in ("python", "python3"):
        said = wrong_python(path)
    else:
        said = None
    return (said, None) if said else None


def beside(path):
    """Files that pytest reads before this one."""
    folder = os.path.dirname(path)
    folders = [""] + [folder[:end] for end in range(len(folder) + 1) if end == len(folder) or folder[end] == "/"]
    names = [os.path.join(one, "conftest.py") for one in dict.fromkeys(folders)]
    return [name for name in names if os.path.isfile(os.path.join(TESTS, name))]


def makes_modules():
    """Whether some file looks for modules where tests may write: one that is missing now may be there by then."""
    for folder, _folders, names in os.walk(TESTS):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                text = file.read()
            if re.search(rb"sys\.path|PYTHONPATH|importlib|spec_from", text) and re.search(rb"STATE_DIR|/state|/tmp|tempfile", text):
                return True
    return False


def names_tests(path):
    """Whether a file's text has something that pytest takes for a test, wherever it stands."""
    with open(os.path.join(TESTS, path), "rb") as file:
        tree = ast.parse(file.read())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and "test" in node.name.lower() for node in ast.walk(tree))


class Watcher:
    def __init__(self):
        self.items = 0
        self.others = 0
        self.missing = None

    def pytest_itemcollected(self, item):
        self.items += 1

    def pytest_collectreport(self, report):
        # What was skipped or failed leaves open what there is.
        self.others += report.outcome != "passed"

    def pytest_deselected(self, items):
        self.others += len(items)

    def pytest_exception_interact(self, node, call, report):
        error = call.excinfo.value
        while error is not None and not isinstance(error, ModuleNotFoundError):
            error = error.__cause__
        if error is not None and self.missing is None:
            self.missing = str(error)


def collect(path, answer):
    import pytest

    watcher = Watcher()
    words = ["--collect-only", "-q", "--color=no", "-p", "no:cacheprovider", "--rootdir", TESTS, os.path.join(TESTS, path)]
    code = int(pytest.main(words, plugins=[watcher]))
    if code == 2 and watcher.missing:
        if not makes_modules():
            answer("%s cannot be collected: %s" % (path, watcher.missing))
    elif code == 5 and not watcher.items and not watcher.others and not names_tests(path):
        answer("%s holds no test" % path)


def collected(path, tier):
    """Collects in a process of its own, which may do as it likes."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            try:
                os.setpgid(0, 0)
                nowhere = os.open("/dev/null", os.O_RDWR)
                for stream in (0, 1, 2):
                    os.dup2(nowhere, stream)
                os.environ["CC_CI_TIER"] = tier
                signal.alarm(LIMIT)
                collect(path, lambda text: os.pwrite(said.fileno(), text.encode(errors="replace"), 0))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        said.seek(0)
        text = said.read(1000).decode(errors="replace")
    return (text, None) if text else None


def tests(path, tier):
    for name in beside(path) + [path]:
        said = wrong_python(name)
        if said:
            return (said if name == path else "%s cannot be collected: %s" % (path, said), None)
    return collected(path, tier)


def read(kind, path, tier, *words):
    if kind == "hurl":
        return hurl(path, words)
    return tests(path, tier) if kind == "pytest" else script(path, kind)


# What the run will say again.
warnings.simplefilter("ignore")
found = []
for asked in json.loads(sys.argv[1]):
    try:
        wrong = read(*asked)
    except (OSError, subprocess.SubprocessError, SyntaxError, ValueError):
        # Its run will show.
        wrong = None
    if wrong:
        found.append([asked[1], *wrong])
print(json.dumps(found))
