"""``python -m helpers.data``: list, fetch or verify the data sets."""

from __future__ import annotations

import argparse

from helpers import _terminal
from helpers.data import fetch
from helpers.data.loaders import names
from helpers.data.registry import REGISTRY, Entry, File


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code (0 good, 1 data missing or wrong)."""
    parser = _Parser(prog="python -m helpers.data", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", help="list the data sets (the default)")
    getter = commands.add_parser("fetch", help="download sets into the cache")
    getter.add_argument("names", nargs="+", metavar="NAME", help="a set, or 'all'")
    commands.add_parser("verify", help="check the SHA-256 of all that is cached")
    options = parser.parse_args(arguments)
    if options.command == "fetch":
        unknown = [name for name in options.names if name not in (*names(), "all")]
        if unknown:
            known = ", ".join((*names(), "all"))
            parser.error(f"unknown data set {unknown[0]!r}; known: {known}")
        return _fetch(names() if "all" in options.names else options.names)
    return _verify() if options.command == "verify" else _list()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        """Leave with one line and exit code 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def _list() -> int:
    print(f"{'name':<12} {'size':>9}  {'where':<13} licence")
    for name in names():
        entry = REGISTRY[name]
        size = sum(file.size for file in entry.files) / 1e6
        shown = f"{size:.2f} MB" if entry.files else "–"
        print(f"{name:<12} {shown:>9}  {_where(entry):<13} {entry.licence}")
    print(f"cache: {fetch.cache_folder()}")
    return 0


def _where(entry: Entry) -> str:
    if not entry.files:
        return "built in"
    cached = [fetch.cached_path(file).is_file() for file in entry.files]
    if any(cached):
        return "cached" if all(cached) else "partly cached"
    folder = fetch.mirror_folder()
    if folder is not None and (folder / entry.files[0].dataset).is_dir():
        return "in mirror"
    return "not cached"


def _fetch(wanted: list[str] | tuple[str, ...]) -> int:
    missing = 0
    for file in _files(wanted):
        fetched = fetch.read(file) is not None
        kept = fetched and fetch.cached_path(file).is_file()
        state = (
            "cached" if kept else "could not be kept" if fetched else "not to be had"
        )
        print(f"{file.dataset}/{file.name}: {state}")
        missing += not kept
    for name in wanted:
        if not REGISTRY[name].files:
            print(f"{name}: built in, nothing to fetch")
    return 1 if missing else 0


def _verify() -> int:
    right = wrong = 0
    for file in _files(names()):
        try:
            data = fetch.cached_path(file).read_bytes()
            problem = "" if fetch.is_right(file, data) else "wrong SHA-256"
        except FileNotFoundError:
            continue
        except OSError as error:
            problem = str(error.strerror)
        right, wrong = right + (not problem), wrong + bool(problem)
        if problem:
            print(f"{file.dataset}/{file.name}: {problem}")
    print(f"{right} right, {wrong} wrong")
    return 1 if wrong else 0


def _files(wanted: list[str] | tuple[str, ...]) -> list[File]:
    """Return the files of the wanted sets, each once: two sets may share files."""
    return list(dict.fromkeys(file for name in wanted for file in REGISTRY[name].files))


if __name__ == "__main__":
    _terminal.run(main)
