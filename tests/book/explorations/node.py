"""Asking the pure modules of the explorations' scripts, which Node runs."""

import functools
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

SECONDS = 120
needs_node = pytest.mark.skipif(
    shutil.which("node") is None,
    reason="Node is not installed: it runs the scripts of the explorations",
)


class Node:
    """A process that answers lists of requests, a line each: starting one takes time.

    A request that it cannot answer ends it; the next one starts another.
    """

    def __init__(self, script: str) -> None:
        self.command = ["node", str(Path(__file__).with_name(script))]
        self.process: subprocess.Popen | None = None

    def ask(self, requests: list[dict]) -> list:
        if self.process is None:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
        limit = threading.Timer(SECONDS, self.process.kill)
        limit.start()
        self.process.stdin.write(json.dumps(requests) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        limit.cancel()
        if not line:
            _, errors = self.process.communicate()
            self.process = None
            raise AssertionError(errors or f"no answer in {SECONDS} s")
        return json.loads(line)


@functools.cache
def node(script: str) -> Node:
    """The one process of this script."""
    return Node(script)


def run_node(requests: list[dict]) -> list:
    """Send requests to the pure modules and return their answers."""
    return node("explorations_math.cjs").ask(requests)


def call(name: str, function: str, *arguments):
    """Call a pure function of an exploration."""
    request = {"do": "call", "name": name, "function": function}
    return run_node([request | {"arguments": list(arguments)}])[0]


def initial_state(name: str) -> dict:
    """Return the state in which an exploration opens."""
    return run_node([{"do": "initialState", "name": name}])[0]


def parse(name: str, text: str) -> dict | None:
    """Return the state that a hash asks an exploration for."""
    return run_node([{"do": "parseHash", "name": name, "hash": text}])[0]


def hash_of(name: str, state: dict) -> str:
    """Return the hash of a state of an exploration."""
    return run_node([{"do": "formatHash", "name": name, "state": state}])[0]
