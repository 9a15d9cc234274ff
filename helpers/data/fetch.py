"""Get the right bytes of a file: cache, mirror, official addresses, in this order.

No message of this module carries a path, because messages end up in notebooks; the
one about a cache folder that cannot be written is the exception, since the folder is
what has to be changed.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import threading
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from helpers.data.registry import REGISTRY, File

CONNECT_SECONDS, READ_SECONDS = 4, 30
CHECKOUT = Path(__file__).resolve().parents[2]

_hosts: dict[str, bool] = {}  # host -> does it answer? asked once per process
_spent: set[str] = set()  # archives that did not hold what they should
_unsaved: dict[File, bytes] = {}  # good files that the cache could not take
_said: set[str] = set()


class _Reply(NamedTuple):
    """What a server sent, byte for byte, and whether it says that it packed it."""

    body: bytes
    packed: bool

    def right(self, file: File) -> bytes:
        """Return the body, unpacked where only that is the file.

        A server may compress what it sends, or declare so what was compressed before.
        """
        if self.packed and not is_right(file, self.body):
            with contextlib.suppress(OSError, EOFError, zlib.error):
                return gzip.decompress(self.body)
        return self.body


def read(file: File) -> bytes | None:
    """Return the verified bytes of `file`, or None if they cannot be had."""
    data = _unsaved.get(file) or _from_cache(file) or _from_mirror_folder(file)
    if data is not None:
        return data
    for url in () if offline() else (*_mirror_urls(file), *file.urls):
        data = _from_archive(url, file) if "#" in url else _from_url(url, file)
        if data is not None:
            return data
    return None


def cache_folder() -> Path:
    """Return the folder of the downloaded files (it need not exist yet)."""
    chosen = os.environ.get("COURSE_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "emscripten":  # the browser, where there is no pooch
        return Path.home() / ".cache" / "neuron-by-neuron"
    import pooch

    return Path(pooch.os_cache("neuron-by-neuron"))


def mirror_folder() -> Path | None:
    """Return the mirror if it is a folder; a relative one may start at the checkout."""
    mirror = os.environ.get("COURSE_DATA_MIRROR", "")
    if not mirror or _is_url(mirror):
        return None
    for folder in (Path(mirror).expanduser(), CHECKOUT / mirror):
        if folder.is_dir():
            return folder
    say_once("COURSE_DATA_MIRROR names a folder that is not there: going on without.")
    return None


def offline() -> bool:
    """Tell whether the network is off limits (always so in the browser)."""
    off = os.environ.get("COURSE_OFFLINE", "") not in ("", "0")
    return off or sys.platform == "emscripten"


def cached_path(file: File) -> Path:
    """Return where `file` lies in the cache, if it has been fetched."""
    return cache_folder() / file.dataset / file.name


def is_right(file: File, data: bytes) -> bool:
    """Tell whether `data` has the SHA-256 of `file`."""
    return hashlib.sha256(data).hexdigest() == file.sha256


def say_once(line: str) -> None:
    """Print `line`, unless this process has printed it before."""
    if line not in _said:
        _said.add(line)
        print(line)


def _from_cache(file: File) -> bytes | None:
    path = cached_path(file)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if is_right(file, data):
        return data
    print(
        f"{file.dataset}: {file.name} in the cache is damaged (wrong SHA-256): deleted."
    )
    with contextlib.suppress(OSError):  # read-only: what counts is not to use it
        path.unlink()
    return None


def _from_mirror_folder(file: File) -> bytes | None:
    folder = mirror_folder()
    if folder is None:
        return None
    try:
        data = (folder / file.dataset / file.name).read_bytes()
    except OSError:
        return None
    return _checked(file, data, "the mirror")


def _mirror_urls(file: File) -> tuple[str, ...]:
    mirror = os.environ.get("COURSE_DATA_MIRROR", "").rstrip("/")
    return (f"{mirror}/{file.dataset}/{file.name}",) if _is_url(mirror) else ()


def _from_url(url: str, file: File) -> bytes | None:
    reply = _download(url, file.name)
    if reply is None:
        return None
    return _checked(file, reply.right(file), urlsplit(url).netloc)


def _from_archive(url: str, file: File) -> bytes | None:
    """Take `file` out of an archive, and into the cache all that lies beside it."""
    address = url.partition("#")[0]
    reply = None if address in _spent else _download(address, address.split("/")[-1])
    if reply is None:
        return None
    wanted = {
        url.partition("#")[2]: other
        for other in (file, *REGISTRY[file.dataset].files)
        for url in other.urls
        if url.startswith(address + "#")
    }
    found = {}
    try:
        for member, content in _members(reply.body, wanted):
            other = wanted[member]
            found[other] = _checked(other, content, urlsplit(url).netloc)
    except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile):
        print(f"{file.dataset}: {address.split('/')[-1]} is damaged: not used.")
    if any(found.get(other) is None for other in wanted.values()):
        _spent.add(address)  # what it lacks now it will lack when asked again
    return found.get(file)


def _members(data: bytes, wanted: dict[str, File]):
    """Yield (name, bytes) of the wanted members of a .zip or .tar.gz archive.

    Reading is bounded, so that a wrong archive cannot fill the memory.
    """
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in wanted.keys() & set(archive.namelist()):
                with archive.open(name) as member:
                    yield name, member.read(2 * wanted[name].size)
        return
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for info in archive:
            if info.name in wanted and info.isfile():
                member = archive.extractfile(info)
                yield info.name, member.read(2 * wanted[info.name].size)


def _checked(file: File, data: bytes, origin: str) -> bytes | None:
    """Put good bytes into the cache and return them; name bad ones and drop them."""
    if not is_right(file, data):
        print(
            f"{file.dataset}: {file.name} from {origin} has the wrong SHA-256: dropped."
        )
        return None
    try:
        write_atomically(cached_path(file), data)
    except OSError as error:
        _unsaved[file] = data
        say_once(
            f"The data cannot be kept in {cache_folder()} ({error.strerror or error}): "
            "set COURSE_DATA_DIR to a folder with room that you may write to."
        )
    return data


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside `path`, then rename: no other process ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would lock others out of the cache
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _download(url: str, label: str) -> _Reply | None:
    """Return what `url` serves; a host that does not answer is not asked again."""
    host = urlsplit(url).netloc
    if host not in _hosts:
        _hosts[host] = _answers(url)
    if not _hosts[host]:
        return None
    from requests import exceptions

    for _attempt in range(2):
        try:
            return _get(url, label)
        except exceptions.Timeout:
            break
        except (exceptions.ConnectionError, exceptions.ChunkedEncodingError):
            continue
        except exceptions.RequestException:
            return None  # the host answers, it only does not have this file
    _hosts[host] = False
    return None


def _get(url: str, label: str) -> _Reply:
    """Ask for `url` once; a broken transfer is a ``ConnectionError``."""
    import requests
    from urllib3.exceptions import HTTPError

    with requests.get(
        url,
        stream=True,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        headers={"Accept-Encoding": "identity"},
    ) as response:
        response.raise_for_status()
        packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
        size = int(response.headers.get("Content-Length") or 0)
        content = io.BytesIO()
        with _progress_bar(label, size) as bar:
            try:
                while part := response.raw.read(2**16, decode_content=False):
                    content.write(part)
                    bar.update(len(part))
            except TimeoutError as error:
                raise requests.exceptions.Timeout(str(error)) from error
            except (HTTPError, OSError) as error:
                if "timed out" in str(error):
                    raise requests.exceptions.Timeout(str(error)) from error
                raise requests.exceptions.ConnectionError(str(error)) from error
    if size > content.tell():
        raise requests.exceptions.ConnectionError(f"{label}: {size} bytes promised")
    return _Reply(content.getvalue(), packed)


def _answers(url: str) -> bool:
    """Tell whether the host of `url` (or its proxy) can be connected to in time.

    A connect timeout alone holds for each of a host's addresses in turn, and not for
    the look-up of its name: without a network, eight addresses cost half a minute.
    """
    import socket

    from requests import exceptions, utils

    asked = url
    try:
        if proxy := utils.select_proxy(url, utils.get_environ_proxies(url)):
            asked = proxy
            url = utils.prepend_scheme_if_needed(proxy, "http")
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 1080)
        if not parts.hostname:
            raise ValueError
    except (ValueError, exceptions.RequestException):
        say_once(f"{asked!r} is no address of a server or proxy: going on without it.")
        return False
    answered = threading.Event()

    def connect() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()
            answered.set()

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(CONNECT_SECONDS)
    return answered.is_set()


def _progress_bar(label: str, size: int):
    """Return a bar that shows up only if the download takes more than two seconds."""
    from tqdm import tqdm

    return tqdm(
        total=size or None, desc=label, unit="B", unit_scale=True, delay=2, leave=False
    )


def _is_url(mirror: str) -> bool:
    return mirror.startswith(("http://", "https://"))
