# Makes one connection, as a proxy would: connect.py HOST PORT [NAME]. With a name a TLS handshake for it is begun. Prints one line:
# `refused WHY`, `silent`, `closed`, or `said HEX` with the first bytes that came.
import socket
import ssl
import sys

host, port, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
try:
    link = socket.create_connection((host, port), 2)
except OSError as error:
    sys.exit(print("refused", error.strerror or error))
hello, patience = b"", 0.3
if names:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=names[0]).do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello, patience = outgoing.read(), 2
link.settimeout(patience)
try:
    link.sendall(hello)
    said = link.recv(256)
    print("said " + said.hex() if said else "closed")
except TimeoutError:
    print("silent")
except OSError:
    print("closed")
