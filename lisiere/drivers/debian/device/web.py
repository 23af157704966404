"""The one file that browsers ask a site for: the proxy script."""

import os
import socket
import socketserver

from lisiere.drivers.debian.device.places import CURRENT


class ProxyScript(socketserver.StreamRequestHandler):
    """Serves the one file that browsers ask a site's appliance for."""

    timeout = 10

    def handle(self) -> None:
        """Give the proxy script, under both names that are in use."""
        words = self.rfile.readline(4096).decode("latin-1").split()
        while self.rfile.readline(4096).strip():
            pass
        body, state = b"", "404 Not Found"
        if words[:1] == ["GET"] and words[1].partition("?")[0] in ("/proxy.pac", "/wpad.dat"):
            body, state = (CURRENT / "web/proxy.pac").read_bytes(), "200 OK"
        kind = "Content-Type: application/x-ns-proxy-autoconfig"
        self.wfile.write(f"HTTP/1.0 {state}\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


class WebServer(socketserver.ThreadingTCPServer):
    """Listens on every address; the firewall knows who may ask."""

    address_family, allow_reuse_address, daemon_threads = socket.AF_INET6, True, True

    def server_bind(self) -> None:
        """Bind for both families."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, *_: object) -> None:
        """A browser that leaves is no news."""


def serve_proxy_script() -> None:
    """Serve until the end, as nobody."""
    with WebServer(("::", 80), ProxyScript) as server:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        server.serve_forever()
