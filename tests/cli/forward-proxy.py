"""A forward proxy: tunnels CONNECT, forwards plain requests, and says on stderr what it was asked. Argument: USER:PASSWORD
that it wants to hear, or nothing."""
import base64
import http.server
import select
import socket
import sys
import urllib.error
import urllib.request

want = "Basic " + base64.b64encode(sys.argv[1].encode()).decode() if len(sys.argv) > 1 else None
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        sys.stderr.write("%s %s\n" % (self.requestline, self.headers.get("Authorization", "")))
        sys.stderr.flush()

    def is_stranger(self):
        self.log_message()
        if want and self.headers.get("Proxy-Authorization") != want:
            self.wfile.write(b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
            return True
        return False

    def do_CONNECT(self):
        if self.is_stranger():
            return
        host, port = self.path.rsplit(":", 1)
        self.close_connection = True
        with socket.create_connection((host, int(port))) as far:
            self.wfile.write(b"HTTP/1.1 200 go on\r\n\r\n")
            ends = {self.connection: far, far: self.connection}
            while True:
                for s in select.select(list(ends), [], [], 30)[0] or [None]:
                    data = s.recv(65536) if s else b""
                    if not data:
                        return
                    ends[s].sendall(data)

    def do_GET(self):
        if self.is_stranger():
            return
        try:
            far = direct.open(self.path)
        except urllib.error.HTTPError as refusal:
            far = refusal
        data = far.read()
        self.wfile.write(b"HTTP/1.1 %d as it said\r\nContent-Length: %d\r\n\r\n" % (far.status, len(data)) + data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
print("listening on http://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
