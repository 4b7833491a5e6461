"""A host of the tests' own on 127.0.0.1: it answers as it is told, and notes what it was asked."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Question:
    """What was asked: the path below the host, and the query."""

    path: str
    query: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What is answered: cut breaks off in the middle, and wait says nothing for so many seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    wait: float = 0.0


class LocalHost:
    """The host; `answers` are given first, one by one, then what `serve` says."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.answers: list[Answer] = []
        self.serve: Callable[[Question], Answer] = lambda _question: Answer(status=404)
        self.url = ""
        self.stop = threading.Event()


@contextmanager
def local_host() -> Iterator[LocalHost]:
    """A host that runs until left."""
    host = LocalHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            question = Question(
                parts.path.lstrip("/"), dict(parse_qsl(parts.query, keep_blank_values=True))
            )
            host.asked.append(question)
            answer = host.answers.pop(0) if host.answers else host.serve(question)
            host.stop.wait(answer.wait)
            self.send_response(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.is_cut:
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self.wfile.flush()
                # Closed at once, as a host that dies does.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
            else:
                self.wfile.write(answer.body)

        def log_message(self, *words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *words: object) -> None:
            """Who asked has gone, as a test of slow answers does."""

    server = Server(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        host.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
