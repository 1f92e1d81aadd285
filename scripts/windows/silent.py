"""A server that takes connections and never answers: prints its port, and a line for each connection.

It ends when its input does.
"""

import socket
import sys
import threading

kept = []


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        kept.append(connection)
        print("asked", flush=True)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=serve, args=(listener,), daemon=True).start()
sys.stdin.read()
