"""Everybody beyond the operator's core, in one process: whatever address and port is asked, this answers.

Run in the namespace of the world, whose nftables send all of it to port 7. An answer over TCP is a page that names the
client as it is seen from outside; one over UDP is what was sent.
"""

import contextlib
import socketserver
import sys
import threading
from pathlib import Path

PORT = 7


class Page(socketserver.StreamRequestHandler):
    """Answers as a web server, after the first line or two seconds."""

    timeout = 2

    def handle(self) -> None:
        """One page, and good-bye."""
        with contextlib.suppress(OSError):
            self.rfile.readline(4096)
        with contextlib.suppress(OSError):
            body = f"the world sees {self.client_address[0]}\n".encode()
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body))
            self.wfile.write(body)


class Echo(socketserver.DatagramRequestHandler):
    """Sends back what came."""

    def handle(self) -> None:
        """All of it."""
        self.wfile.write(self.rfile.read())


class Pages(socketserver.ThreadingTCPServer):
    """Both families on one socket."""

    address_family, allow_reuse_address, daemon_threads, request_queue_size = 10, True, True, 128


class Echoes(socketserver.ThreadingUDPServer):
    """Both families on one socket."""

    address_family, daemon_threads = 10, True


def main(ready: Path) -> None:
    """Answer until killed; `ready` is made when both listen."""
    with Pages(("::", PORT), Page) as pages, Echoes(("::", PORT), Echo) as echoes:
        threading.Thread(target=echoes.serve_forever, daemon=True).start()
        ready.touch()
        pages.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
