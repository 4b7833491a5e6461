"""A webhook's server and a mail server of the tests' own, on 127.0.0.1."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """What has come, and the status with which the webhook answers."""

    url: str = ""
    smtp: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    status: int = 200


def _webhook(received: Received) -> type[BaseHTTPRequestHandler]:
    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if received.status == 200:
                received.posted.append(json.loads(body))
            self.send_response(received.status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    return Webhook


def _mail(received: Received) -> type[socketserver.StreamRequestHandler]:
    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                if line.upper() == "DATA":
                    self._say("354 go on")
                    text = []
                    while (part := self.rfile.readline().decode()) != ".\r\n":
                        text.append(part)
                    received.mails.append("".join(text))
                self._say("221 bye" if line.upper() == "QUIT" else "250 ok")
                if line.upper() == "QUIT":
                    return

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Mail


@contextmanager
def receivers() -> Iterator[Received]:
    """Both servers, until left."""
    received = Received()
    web = ThreadingHTTPServer(("127.0.0.1", 0), _webhook(received))
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _mail(received))
    received.url = f"http://127.0.0.1:{web.server_address[1]}/hook"
    received.smtp = f"127.0.0.1:{mail.server_address[1]}"
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.01,)) for server in (web, mail)
    ]
    for thread in threads:
        thread.start()
    try:
        yield received
    finally:
        for server in (web, mail):
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()
