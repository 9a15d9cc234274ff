"""Pages as people open them: from a server, in a real browser that is watched."""

import contextlib
import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
VIEWPORT = {"width": 1280, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLACE = "/a-repository"  # GitHub Pages serves a book in a folder with its name


class Handler(http.server.SimpleHTTPRequestHandler):
    """A static host, which keeps its connections and says nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits for the one before

    def translate_path(self, path: str) -> str:
        """Return the file of an address; outside the book's folder there is none."""
        if not path.startswith(f"{PLACE}/"):
            return str(Path(self.directory) / "no such file")
        return super().translate_path(path.removeprefix(PLACE))

    def log_message(self, *arguments) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone; yield its address."""
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.block_on_close = False  # a browser may keep its connections
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PLACE}"
        server.shutdown()


def watched(context, address: str):
    """Open a tab for the pages of an address, which lists what goes wrong in it.

    `problems` are errors, what the console says, and whoever else is asked.
    """
    tab = context.new_page()
    tab.address, tab.problems = address, []
    own = (f"{address}/", "data:", "blob:")
    told = tab.problems.append

    def hear(message) -> None:
        if message.type in ("error", "warning"):
            told(f"{message.type}: {message.text} {message.location.get('url')}")

    def see(request) -> None:
        if not request.url.startswith(own):
            told(f"request: {request.url}")

    tab.on("pageerror", lambda error: told(f"error: {error}"))
    tab.on("console", hear)
    tab.on("request", see)
    return tab
