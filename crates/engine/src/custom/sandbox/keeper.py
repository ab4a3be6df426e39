# Runs one test in the sandbox as nobody, ends it with everything it started, and hands its exit code on. Its own users
# differ from that of the tests, so that no test can signal, trace or read it (SAND-1).
#   run LIMIT WORD...   runs the words for at most LIMIT seconds; 124 when they did not end by themselves
#   end                 ends every process of the tests
#   hits                prints how often the last test ran into the bound of processes, and how often into that of memory
import ctypes, os, signal, struct, sys, time

NOBODY = 65534
GRACE = 2.0
NOTED = "/run/cc-ci/hits"
LIBC = ctypes.CDLL(None, use_errno=True)
DROP_FROM_BOUNDING_SET, NO_NEW_PRIVILEGES, SECCOMP, FILTER = 24, 38, 22, 2

# Numbers of ptrace, process_vm_readv, process_vm_writev and pidfd_getfd, by what the kernel calls the machine.
GENERIC = (117, 270, 271, 438)
REFUSED = {
    "x86_64": (0xC000003E, (101, 310, 311, 438)),
    "aarch64": (0xC00000B7, GENERIC),
    "riscv64": (0xC00000F3, GENERIC),
}
X32 = 0x40000000


def refuse_looking_into_others():
    """From here on the calls that look into other processes are refused, and so is every call of another kind of program."""
    kind, numbers = REFUSED[os.uname().machine]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    allowed, refused = 0x7FFF0000, 0x00050001
    steps = [(load, 0, 0, 4), (equal, 1, 0, kind), (answer, 0, 0, refused), (load, 0, 0, 0)]
    steps += [(at_least, 0, 1, X32), (answer, 0, 0, refused)]
    for number in numbers:
        steps += [(equal, 0, 1, number), (answer, 0, 0, refused)]
    program = b"".join(struct.pack("HBBI", *step) for step in steps + [(answer, 0, 0, allowed)])
    held = ctypes.create_string_buffer(program, len(program))
    words = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(held))
    if LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or LIBC.prctl(SECCOMP, FILTER, words, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def become_nobody():
    # The first to go where memory is short.
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")
    capability = 0
    while LIBC.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) == 0:
        capability += 1
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def start(words):
    """In the child: nothing of the keeper is left to the test but its standard streams."""
    try:
        # As it was given: an interpreter adds to its own.
        with open("/proc/self/environ", "rb") as file:
            given = dict(part.split(b"=", 1) for part in file.read().split(b"\0") if b"=" in part)
        os.setpgid(0, 0)
        become_nobody()
        os.chdir("/tests")
        os.umask(0o022)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.closerange(3, 64)
        refuse_looking_into_others()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        words = [os.fsencode(word) for word in words]
        try:
            os.execvpe(words[0], words, given)
        except OSError as error:
            if error.errno != 8:
                raise
            # A text without a first line that says what reads it.
            os.execve(b"/bin/sh", [b"sh"] + words, given)
    except FileNotFoundError as error:
        sys.stderr.write("%s: %s\n" % (os.fsdecode(words[0]), error.strerror))
        code = 127
    except (KeyError, OSError) as error:
        sys.stderr.write("%s: %s\n" % (os.fsdecode(words[0]), error))
        code = 126
    sys.stderr.flush()
    os._exit(code)


def alive():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/status" % name) as file:
                    lines = dict(line.split(":", 1) for line in file if ":" in line)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if str(NOBODY) in lines["Uid"].split() and lines["State"].split()[0] not in "ZX":
                return True
    return False


def signal_all(number, to=-1):
    """As nobody for the one call, so that only processes of nobody are meant; they cannot signal back, or trace. The other
    number is this keeper's alone: two may be at work at once, and neither may end the other."""
    os.setresuid(10000 + os.getpid() % 50000, NOBODY, 0)
    try:
        os.kill(to, number)
    except (ProcessLookupError, PermissionError):
        pass
    os.setresuid(0, 0, 0)


def end():
    while alive():
        signal_all(signal.SIGKILL)
        time.sleep(0.002)


def hits():
    folder = "/sys/fs/cgroup"
    first = os.path.exists(folder + "/pids/pids.events")
    files = ("pids/pids.events", "memory/memory.oom_control") if first else ("pids.events", "memory.events")
    counts = []
    for name, word in zip(files, ("max", "oom_kill")):
        try:
            with open("%s/%s" % (folder, name)) as file:
                counts.append(sum(int(line.split()[1]) for line in file if line.split()[:1] == [word]))
        except (OSError, ValueError):
            counts.append(0)
    return counts


def ended(child, limit):
    """The child's status, or None when it has not ended within the limit."""
    until = time.monotonic() + limit
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        left = until - time.monotonic()
        if left <= 0:
            return None
        signal.sigtimedwait([signal.SIGCHLD], left)


def run(limit, words):
    with open(NOTED, "w") as file:
        file.write("%d %d" % tuple(hits()))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    child = os.fork()
    if child == 0:
        start(words)
    status = ended(child, limit)
    if status is None:
        signal_all(signal.SIGTERM, -child)
        ended(child, GRACE)
        code = 124
    else:
        code = os.waitstatus_to_exitcode(status)
    end()
    return 128 - code if code < 0 else code


if sys.argv[1] == "run":
    os._exit(run(float(sys.argv[2]), sys.argv[3:]))
elif sys.argv[1] == "end":
    end()
else:
    with open(NOTED) as file:
        print(*(now - int(before) for now, before in zip(hits(), file.read().split())))
