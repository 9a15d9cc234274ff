"""Firefox, by WebDriver BiDi: to open a page and run scripts in it, no more."""

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tornado.websocket import websocket_connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
SECONDS = 120


class Tab:
    """The first tab of a Firefox that runs."""

    def __init__(self, address: str) -> None:
        # a loop in a thread of its own: this one may have Playwright's
        self.loop, self.numbers = asyncio.new_event_loop(), itertools.count()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.socket = self.wait(lambda: websocket_connect(f"{address}/session"))
        self.ask("session.new", capabilities={})
        (self.context,) = self.ask("browsingContext.getTree")["contexts"]

    def wait(self, begin: Callable) -> Any:
        """Begin something in the loop and wait for it, not longer than `SECONDS`."""

        async def result() -> Any:
            return await begin()

        return asyncio.run_coroutine_threadsafe(result(), self.loop).result(SECONDS)

    def ask(self, method: str, **params) -> dict:
        """Send a command; return its result."""
        number = next(self.numbers)
        command = {"id": number, "method": method, "params": params}
        self.socket.write_message(json.dumps(command))
        while True:
            answer = json.loads(self.wait(self.socket.read_message))
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return answer["result"]

    def goto(self, address: str) -> None:
        """Open a page and wait for it."""
        place = self.context["context"]
        command = "browsingContext.navigate"
        self.ask(command, context=place, url=address, wait="complete")

    def evaluate(self, script: str) -> Any:
        """Return what a script gives, or what its promise does, if JSON can hold it."""
        done = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})))()",
            target={"context": self.context["context"]},
            awaitPromise=True,
        )
        if done["type"] == "exception":
            raise RuntimeError(done["exceptionDetails"]["text"])
        return json.loads(done["result"].get("value", "null"))


@contextlib.contextmanager
def firefox(profile: Path) -> Iterator[Tab]:
    """Start Firefox with a new profile; yield its tab."""
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(profile)]
    command += ["--remote-debugging-port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stderr=pipe, text=True) as process:
        try:
            said = map(LISTENS.search, process.stderr)
            address = next(filter(None, said))[1]
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield Tab(address)
        finally:
            process.kill()
