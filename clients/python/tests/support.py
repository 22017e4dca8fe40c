"""A real server for tests, and a wire to it that can be cut."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from fedstep import Client, Problem, Weights

PROJECT = Path(__file__).resolve().parents[3]
GOLDEN = PROJECT / "src/test/resources/golden"
DIGITS = PROJECT / "src/main/resources/demo/digits.csv.gz"
START_SECONDS = 90

logging.getLogger("fedstep").setLevel(logging.ERROR)  # what is tried again is meant to be


def java() -> str:
    """A Java 25 or later."""
    homes = [os.environ.get("JAVA25_HOME"), os.environ.get("JAVA_HOME")]
    homes += [str(home) for home in sorted(Path("/usr/lib/jvm").glob("*"))]
    for home in homes:
        release = Path(home or "/none") / "release"
        if release.is_file():
            text = release.read_text()
            version = text.partition('JAVA_VERSION="')[2].partition('"')[0]
            if version and int(version.split(".")[0].split("-")[0]) >= 25:
                return f"{home}/bin/java"
    raise unittest.SkipTest("no Java 25 is installed")


def jar() -> Path:
    """The server's jar, which ``mvn package`` makes."""
    file = Path(os.environ.get("FEDSTEP_JAR", PROJECT / "target/fedstep.jar"))
    if not file.is_file() and "FEDSTEP_JAR" not in os.environ:
        raise unittest.SkipTest(f"there is no {file}")
    return file


class Server:
    """A server in a process of its own, on a folder of its own."""

    def __init__(self, *options: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fedstep-python-"))
        self._options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)
        self.start()

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        command = [java(), "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        command += [
            "-jar",
            str(jar()),
            f"--server.port={self.port}",
            f"--fedstep.data-dir={self._folder / 'data'}",
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._options], cwd=self._folder, stdout=log, stderr=log
            )
        give_up = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise AssertionError((self._folder / "log").read_text()[-4000:])
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/actuator/health/readiness", timeout=5):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """Ends it as a loss of power would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def shared_server() -> Server:
    """One server for all tests that do not harm it."""
    return Server()


def client(client_id: str | None = None, url: str | None = None, timeout: float = 60) -> Client:
    """A client of the shared server, or of what else listens on ``url``."""
    return Client(url or shared_server().url, client_id=client_id, timeout=timeout, progress=False)


class ServerTest(unittest.TestCase):
    """Has a model's name of its own, and removes the model."""

    def setUp(self) -> None:
        self.server = shared_server()
        self.model = self._testMethodName[:120]
        self.admin = self.client()
        self.addCleanup(self.remove)

    def client(self, client_id: str | None = None, url: str | None = None) -> Client:
        return client(client_id, url)

    def until(self, version: int) -> Weights:
        """Waits for a version: an update's receipt comes before the version that it makes."""
        weights = self.admin.weights(self.model)
        while weights.version < version:
            newer = self.admin.wait(self.model, weights, timeout=60)
            assert newer is not None
            weights = newer
        return weights

    def remove(self) -> None:
        with contextlib.suppress(Problem):
            self.admin.delete(self.model)


class Wire:
    """Passes bytes on to a server, and loses answers: ``lose("PUT /v1/models/m/rounds")`` cuts the
    connection instead of passing on the next answer to such a request, ``most`` bytes are all
    that a connection carries of answers, and ``most_sent`` all of requests; ``sent`` counts these,
    and behind ``pause_at`` of them nothing goes on before ``go_on``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lose = ""
        self.lost = 0
        self.most = sys.maxsize
        self.most_sent = sys.maxsize
        self.sent = 0
        self.opened = 0
        self.pause_at = sys.maxsize
        self.paused = threading.Event()
        self.go_on = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, request: str) -> None:
        self._lose = request

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:  # the server is away
                hang_up(near)
                continue
            asked = [""]
            self.opened += 1
            for work in (self._requests, self._answers):
                threading.Thread(target=work, args=(near, far, asked), daemon=True).start()

    def _requests(self, near: socket.socket, far: socket.socket, asked: list[str]) -> None:
        done = 0
        try:
            while done < self.most_sent and (data := near.recv(1 << 16)):
                if data.startswith((b"GET ", b"PUT ", b"POST ", b"DELETE ", b"PATCH ", b"HEAD ")):
                    asked[0] = data.partition(b"\r\n")[0].decode()
                done += len(data)
                self.sent += len(data)
                far.sendall(data)
                if self.sent > self.pause_at:
                    self.pause_at = sys.maxsize
                    self.paused.set()
                    self.go_on.wait(PATIENCE_SECONDS)
        except OSError:
            pass
        if done >= self.most_sent:
            hang_up(near)
        hang_up(far)

    def _answers(self, near: socket.socket, far: socket.socket, asked: list[str]) -> None:
        left = self.most
        try:
            while left > 0 and (data := far.recv(min(left, 1 << 16))):
                left -= len(data)
                if self._lose and asked[0].startswith(self._lose):
                    self._lose = ""
                    self.lost += 1
                    break
                near.sendall(data)
        except OSError:
            pass
        hang_up(near)
        hang_up(far)


def hang_up(connection: socket.socket) -> None:
    """Closes a connection, also for those who wait on it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


PATIENCE_SECONDS = 120.0


def eventually(condition: Callable[[], object]) -> None:
    """Waits until something that another thread does has happened."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"it has not happened within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.005)


def in_thread(work: Callable[[], object]) -> Callable[[], None]:
    """Runs something beside the test.

    Returns:
        Waits for its end, and raises what it raised.
    """
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join() -> None:
        thread.join(PATIENCE_SECONDS)
        if thread.is_alive():
            raise AssertionError(f"it has not ended within {PATIENCE_SECONDS:.0f} s")
        if failed:
            raise failed[0]

    return join


@contextlib.contextmanager
def logged() -> Iterator[list[str]]:
    """What the package logs meanwhile."""
    log, lines = logging.getLogger("fedstep"), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
