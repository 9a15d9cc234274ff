"""The data loaders: facts about the sets, and what happens when bytes go missing.

No test reaches the network: servers are local, the registry points at them. With
COURSE_DATA_MIRROR set to a folder, the published facts of the real sets are checked.
"""

import csv
import errno
import functools
import gzip
import hashlib
import io
import os
import pickle
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from dataclasses import FrozenInstanceError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import data
from helpers.data import fetch, loaders, standins
from helpers.data.__main__ import main
from helpers.data.registry import REGISTRY, Entry, File

MIRROR = os.environ.get("COURSE_DATA_MIRROR", "")
MIRROR_FOLDER = next(
    (f for f in (Path(MIRROR).expanduser(), fetch.CHECKOUT / MIRROR) if f.is_dir()),
    None,
)
real_data = pytest.mark.skipif(
    not MIRROR or MIRROR_FOLDER is None,
    reason="COURSE_DATA_MIRROR names no folder with the real data",
)
TEXT = b"To be, or not to be.\n"

pytestmark = pytest.mark.standins


@pytest.fixture(autouse=True)
def own_world(monkeypatch, tmp_path):
    """Give every test an empty cache, no mirror, no network and no memory."""
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("COURSE_DATA_MIRROR", raising=False)
    for memory in ("_hosts", "_unsaved"):
        monkeypatch.setattr(fetch, memory, {})
    for memory in ("_spent", "_said"):
        monkeypatch.setattr(fetch, memory, set())


@pytest.fixture
def server(monkeypatch):
    """Serve `pages` (path → bytes, or a function of the handler) on this machine."""
    monkeypatch.delenv("COURSE_OFFLINE")
    state = SimpleNamespace(pages={}, asked=[])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.asked.append(self.path)
            page = state.pages.get(self.path)
            if callable(page):
                page(self)
            elif page is None:
                self.send_error(404)
            else:
                self.send_response(200)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}"
    # it looks that often whether it shall end
    serve = functools.partial(http.serve_forever, poll_interval=0.01)
    threading.Thread(target=serve, daemon=True).start()
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture
def sonnets_at(monkeypatch):
    """Return a function that makes TEXT the sonnets, served at the given addresses."""

    def register(*urls):
        return register_files(monkeypatch, "sonnets", {"sonnets.txt": (TEXT, urls)})[0]

    return register


def register_files(monkeypatch, dataset, contents):
    files = tuple(
        File(dataset, name, len(body), hashlib.sha256(body).hexdigest(), tuple(urls))
        for name, (body, urls) in contents.items()
    )
    entry = Entry("the set", "the real set", "public domain", files)
    monkeypatch.setitem(REGISTRY, dataset, entry)
    return files


def closed_port_url():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# --- downloading -----------------------------------------------------------------


def test_a_download_lands_in_the_cache_and_is_not_asked_for_again(server, sonnets_at):
    file = sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    assert data.sonnets().train.x == TEXT.decode()
    assert data.sonnets().train.x == TEXT.decode()
    assert server.asked == ["/a"]
    assert fetch.cached_path(file).read_bytes() == TEXT


def test_a_quick_download_prints_nothing(server, sonnets_at, capfd):
    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    data.sonnets()
    assert capfd.readouterr() == ("", "")


def test_a_corrupt_download_is_named_and_the_next_address_is_asked(
    server, sonnets_at, capsys
):
    file = sonnets_at(f"{server.url}/bad", f"{server.url}/good")
    server.pages |= {"/bad": b"<html>a portal page</html>", "/good": TEXT}
    assert not data.sonnets().is_standin
    assert fetch.cached_path(file).read_bytes() == TEXT
    (line,) = capsys.readouterr().out.splitlines()
    assert "sonnets.txt" in line
    assert "wrong SHA-256" in line


def test_a_corrupt_download_leaves_nothing_in_the_cache(server, sonnets_at, tmp_path):
    sonnets_at(f"{server.url}/bad")
    server.pages["/bad"] = b"wrong"
    assert data.sonnets().is_standin
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_corrupt_file_in_the_cache_is_deleted_and_fetched_again(
    server, sonnets_at, capsys
):
    file = sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    path = fetch.cached_path(file)
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT[:5])
    assert data.sonnets().train.x == TEXT.decode()
    assert path.read_bytes() == TEXT
    assert "sonnets.txt in the cache is damaged" in capsys.readouterr().out


def test_a_corrupt_cached_file_is_deleted_even_without_a_network(sonnets_at):
    path = fetch.cached_path(sonnets_at())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a fi")
    assert data.sonnets().is_standin
    assert not path.exists()


def test_a_dead_first_address_costs_little_and_the_second_is_asked(server, sonnets_at):
    sonnets_at(f"{closed_port_url()}/a", f"{server.url}/a")
    server.pages["/a"] = TEXT
    start = time.perf_counter()
    assert not data.sonnets().is_standin
    assert time.perf_counter() - start < 3


def test_a_host_that_did_not_answer_is_not_asked_again(server, sonnets_at, monkeypatch):
    sonnets_at("http://127.0.0.1:9/a", "http://127.0.0.1:9/b")
    asked = []
    monkeypatch.setattr(fetch, "_answers", lambda url: bool(asked.append(url)))
    assert data.sonnets().is_standin
    assert data.sonnets().is_standin
    assert asked == ["http://127.0.0.1:9/a"]


def test_a_missing_page_does_not_condemn_the_host(server, sonnets_at):
    sonnets_at(f"{server.url}/gone", f"{server.url}/here")
    server.pages["/here"] = TEXT
    assert not data.sonnets().is_standin
    assert server.asked == ["/gone", "/here"]


def test_a_broken_transfer_is_tried_once_more(server, sonnets_at):
    def break_off_the_first_time(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(TEXT)))
        handler.end_headers()
        handler.wfile.write(TEXT if len(server.asked) == 2 else TEXT[:4])

    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = break_off_the_first_time
    assert not data.sonnets().is_standin
    assert server.asked == ["/a", "/a"]


def test_a_server_that_falls_silent_is_left_after_the_time_limit(
    server, sonnets_at, monkeypatch
):
    monkeypatch.setattr(fetch, "READ_SECONDS", 0.3)
    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = lambda handler: time.sleep(1.5)
    start = time.perf_counter()
    assert data.sonnets().is_standin
    assert time.perf_counter() - start < 1.4
    assert data.sonnets().is_standin
    assert server.asked == ["/a"]


def test_a_look_up_that_hangs_is_given_up_after_the_time_limit(monkeypatch):
    monkeypatch.setattr(fetch, "CONNECT_SECONDS", 0.2)
    hang = threading.Event()

    def connect(*_):
        hang.wait(3)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    start = time.perf_counter()
    assert not fetch._answers("http://127.0.0.1:9/")
    assert time.perf_counter() - start < 1
    hang.set()


def test_three_dead_hosts_cost_less_than_15_seconds():
    hosts = {url.split("/")[2] for f in REGISTRY["mnist"].files for url in f.urls}
    assert len(hosts) == 3
    assert len(hosts) * fetch.CONNECT_SECONDS < 15


@pytest.mark.parametrize(
    "proxy", ["http://[half", "http://host:port", "http://", "://", "ht tp://a"]
)
def test_a_malformed_proxy_is_named_in_one_line(proxy, sonnets_at, monkeypatch, capsys):
    sonnets_at("https://data.example/a")
    monkeypatch.delenv("COURSE_OFFLINE")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setattr(fetch, "CONNECT_SECONDS", 0.2)
    assert data.sonnets().is_standin
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2  # this, and that there is a stand-in
    assert repr(proxy) in said[0]


def sends(body, **fields):
    """A page that is sent with these fields in its head."""

    def page(handler):
        handler.send_response(200)
        for name, value in fields.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return page


@pytest.mark.parametrize(
    "body",
    [TEXT, gzip.compress(TEXT)],
    ids=["only declared", "compressed"],
)
def test_a_mirror_that_compresses_what_it_sends_is_understood(server, sonnets_at, body):
    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = sends(body, Content_Encoding="gzip")
    assert data.sonnets().train.x == TEXT.decode()


def test_a_file_that_is_gzip_itself_survives_a_mirror_that_declares_so(
    server, monkeypatch
):
    packed = gzip.compress(TEXT)
    server.pages["/a"] = sends(packed, Content_Encoding="gzip")
    contents = {"x.gz": (packed, [f"{server.url}/a"])}
    (file,) = register_files(monkeypatch, "sonnets", contents)
    assert fetch.read(file) == packed


def test_offline_asks_no_server(server, sonnets_at, monkeypatch):
    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    monkeypatch.setenv("COURSE_DATA_MIRROR", server.url)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert data.sonnets().is_standin
    assert server.asked == []


def test_two_processes_at_once_end_with_one_good_file(server, tmp_path):
    body = bytes(range(256)) * 4000

    def serve_slowly(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for start in range(0, len(body), 2**18):
            handler.wfile.write(body[start : start + 2**18])
            time.sleep(0.1)

    server.pages["/a"] = serve_slowly
    digest = hashlib.sha256(body).hexdigest()
    script = (
        "from helpers.data import fetch\n"
        "from helpers.data.registry import File\n"
        f"file = File('s', 'f', {len(body)}, '{digest}', ('{server.url}/a',))\n"
        f"assert len(fetch.read(file)) == {len(body)}\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [process.wait(timeout=30) for process in both] == [0, 0]
    (only,) = (tmp_path / "cache" / "s").iterdir()
    assert only.read_bytes() == body


# --- archives --------------------------------------------------------------------


def zip_of(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


def tar_of(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return stream.getvalue()


def test_a_member_of_a_zip_is_taken_and_checked(server, sonnets_at):
    sonnets_at(f"{server.url}/a.zip#text")
    server.pages["/a.zip"] = zip_of(text=TEXT, other=b"else")
    assert data.sonnets().train.x == TEXT.decode()


def test_a_damaged_archive_is_named_and_the_next_address_is_asked(
    server, sonnets_at, capsys
):
    sonnets_at(
        f"{server.url}/a.zip#text", f"{server.url}/b.tar.gz#text", f"{server.url}/c"
    )
    server.pages |= {
        "/a.zip": zip_of(text=TEXT)[:-30],
        "/b.tar.gz": tar_of({"text": TEXT})[:-30],
        "/c": TEXT,
    }
    assert not data.sonnets().is_standin
    assert capsys.readouterr().out.splitlines() == [
        "sonnets: a.zip is damaged: not used.",
        "sonnets: b.tar.gz is damaged: not used.",
    ]


def test_an_archive_with_another_text_is_not_used(server, sonnets_at, capsys):
    sonnets_at(f"{server.url}/a.zip#text")
    server.pages["/a.zip"] = zip_of(text=b"another edition")
    assert data.sonnets().is_standin
    assert "wrong SHA-256" in capsys.readouterr().out


def cifar_batch(label):
    """Make a batch of two pictures: red everywhere, then blue in the first row.

    Python 3 cannot write the byte strings of Python 2, in which CIFAR-10 is stored, so
    the pickle is put together by hand, with the operations of the original files.
    """
    rows = np.zeros((2, 3072), np.uint8)
    rows[0, :1024] = 255  # the red plane comes first
    rows[1, 2048 : 2048 + 32] = 255  # then green, then blue, each row by row
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R" + (
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
        b"(K\x01K\x02M\x00\x0c\x86" + dtype + b"\x89"
        b"T" + rows.size.to_bytes(4, "little") + rows.tobytes() + b"tb"
    )
    labels = bytes([*b"](K", label, *b"K\x09e"])
    return b"\x80\x02}(U\x04data" + array + b"U\x06labels" + labels + b"u."


def register_cifar(monkeypatch, url, bodies):
    contents = {name: (body, [f"{url}#c/{name}"]) for name, body in bodies.items()}
    return register_files(monkeypatch, "cifar10", contents)


CIFAR_BODIES = {
    name: cifar_batch(label)
    for label, name in enumerate(
        ("test_batch", *(f"data_batch_{i}" for i in range(1, 6)))
    )
}


@pytest.mark.parametrize("cache_works", [True, False])
def test_one_download_of_the_archive_serves_all_batches(
    server, monkeypatch, tmp_path, cache_works
):
    register_cifar(monkeypatch, f"{server.url}/c.tar.gz", CIFAR_BODIES)
    server.pages["/c.tar.gz"] = tar_of({f"c/{k}": v for k, v in CIFAR_BODIES.items()})
    if not cache_works:
        (tmp_path / "cache").write_text("a file where the folder should be")
    cifar = data.cifar10(train_batches=3)
    assert not cifar.is_part  # no more was asked for
    assert cifar.train.y.tolist() == [1, 9, 2, 9, 3, 9]
    assert cifar.test.y.tolist() == [0, 9]
    assert server.asked == ["/c.tar.gz"]


def test_cifar_pictures_are_rows_columns_colors(server, monkeypatch):
    register_cifar(monkeypatch, f"{server.url}/c.tar.gz", CIFAR_BODIES)
    server.pages["/c.tar.gz"] = tar_of({f"c/{k}": v for k, v in CIFAR_BODIES.items()})
    red, blue_edge = data.cifar10(train_batches=1).train.x
    assert red.shape == (32, 32, 3)
    assert (red == [255, 0, 0]).all()
    assert (blue_edge[0] == [0, 0, 255]).all()
    assert not blue_edge[1:].any()


def test_fewer_batches_than_asked_for_are_used_and_announced(
    server, monkeypatch, capsys
):
    register_cifar(monkeypatch, f"{server.url}/c.tar.gz", CIFAR_BODIES)
    some = {f"c/{k}": v for k, v in CIFAR_BODIES.items() if not k.endswith(("3", "5"))}
    server.pages["/c.tar.gz"] = tar_of(some)
    cifar = data.cifar10(train_batches=5)
    assert cifar.is_part
    assert not cifar.is_standin
    assert cifar.train.y[::2].tolist() == [1, 2, 4]
    assert server.asked == ["/c.tar.gz"]
    assert "3 of 5 training batches" in cifar.source
    (line,) = capsys.readouterr().out.splitlines()
    assert "3 of the 5 training batches" in line


def test_a_pickle_that_names_a_function_is_refused():
    evil = pickle.dumps({b"data": os.system})
    with pytest.raises(pickle.UnpicklingError, match="not allowed in data files"):
        loaders._parse_cifar(evil)


# --- mirrors and the cache folder ------------------------------------------------


def test_a_mirror_folder_comes_before_the_official_address(
    server, sonnets_at, monkeypatch, tmp_path
):
    sonnets_at(f"{server.url}/a")
    (tmp_path / "mirror" / "sonnets").mkdir(parents=True)
    (tmp_path / "mirror" / "sonnets" / "sonnets.txt").write_bytes(TEXT)
    monkeypatch.setenv("COURSE_DATA_MIRROR", "mirror")  # relative to where one stands
    monkeypatch.chdir(tmp_path)
    assert data.sonnets().train.x == TEXT.decode()
    assert server.asked == []


def test_a_mirror_url_comes_before_the_official_address(
    server, sonnets_at, monkeypatch
):
    sonnets_at(f"{server.url}/official")
    server.pages["/mirror/sonnets/sonnets.txt"] = TEXT
    monkeypatch.setenv("COURSE_DATA_MIRROR", f"{server.url}/mirror/")
    assert data.sonnets().train.x == TEXT.decode()
    assert server.asked == ["/mirror/sonnets/sonnets.txt"]


def test_a_wrong_file_in_a_mirror_folder_is_named_but_not_deleted(
    server, sonnets_at, monkeypatch, tmp_path, capsys
):
    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    wrong = tmp_path / "mirror" / "sonnets" / "sonnets.txt"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"an old edition")
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(tmp_path / "mirror"))
    assert data.sonnets().train.x == TEXT.decode()
    assert wrong.read_bytes() == b"an old edition"
    assert "from the mirror has the wrong SHA-256" in capsys.readouterr().out


def test_a_mirror_folder_that_is_not_there_is_said_once(
    sonnets_at, monkeypatch, tmp_path, capsys
):
    sonnets_at()
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(tmp_path / "nowhere"))
    data.sonnets()
    data.sonnets()
    assert capsys.readouterr().out.count("COURSE_DATA_MIRROR") == 1


def test_an_unwritable_cache_is_named_and_the_data_are_used(
    server, sonnets_at, tmp_path, capsys
):
    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert data.sonnets().train.x == TEXT.decode()
    (line,) = capsys.readouterr().out.splitlines()
    assert str(tmp_path / "cache") in line
    assert "COURSE_DATA_DIR" in line


def test_a_full_disk_is_named_and_leaves_no_temporary_file(
    server, sonnets_at, monkeypatch, tmp_path, capsys
):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    monkeypatch.setattr(os, "replace", full)
    assert data.sonnets().train.x == TEXT.decode()
    assert "No space left on device" in capsys.readouterr().out
    assert not list((tmp_path / "cache" / "sonnets").iterdir())


# --- stand-ins -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["mnist", "cifar10", "seeds", "shakespeare", "sonnets"]
)
def test_a_standin_announces_itself_once_in_one_line_without_a_path(
    name, capsys, tmp_path
):
    options = {"train_batches": 1} if name == "cifar10" else {}
    dataset = data.load(name, **options)
    data.load(name, **options)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Stand-in for ")
    assert str(tmp_path) not in line
    assert dataset.is_standin
    assert dataset.source.startswith("stand-in for ")


def test_the_title_of_a_plot_is_labeled_for_a_standin_only():
    assert data.mnist().title("Errors") == "Errors (stand-in for MNIST)"
    assert data.flights().title("Errors") == "Errors"


def test_the_mnist_standin_has_mnists_form():
    mnist = data.mnist()
    assert mnist.train.x.shape[1:] == (28, 28)
    assert mnist.train.x.dtype == np.uint8
    assert mnist.train.y.dtype == np.int64
    assert mnist.train.x.max() == 255
    assert mnist.classes == tuple("0123456789")
    assert len(mnist.train.x) + len(mnist.test.x) == 1797


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_no_test_image_is_also_a_training_image(name):
    dataset = data.load(name)
    seen = {image.tobytes() for image in dataset.train.x}
    assert not seen & {image.tobytes() for image in dataset.test.x}


def test_enlarging_is_bilinear_as_in_scipy():
    from scipy.ndimage import zoom

    image = np.random.default_rng(0).uniform(0, 16, (1, 8, 8))
    expected = zoom(image[0], 2.5, order=1, mode="nearest", grid_mode=True) * 255 / 16
    large = standins.enlarge_digits(image)[0]
    np.testing.assert_allclose(large[4:24, 4:24], expected, atol=0.51)
    assert large.sum() == large[4:24, 4:24].sum()


def test_the_100_standin_digits_are_ten_of_each_class():
    small = data.mnist_100()
    assert small.train.x.shape == small.test.x.shape == (100, 28, 28)
    assert np.bincount(small.test.y).tolist() == [10] * 10
    assert small.is_standin


def test_the_seeds_standin_is_iris():
    iris = data.seeds()
    assert iris.train.x.shape == (150, 4)
    assert iris.train.x[0].tolist() == [5.1, 3.5, 1.4, 0.2]  # Fisher's first flower
    assert iris.classes == ("setosa", "versicolor", "virginica")


def test_the_text_standin_is_prose_in_few_characters():
    text = data.shakespeare().train.x
    assert len(text) > 150_000
    assert len(set(text)) < 80  # the size of a character model's vocabulary
    assert "the gradient" in text


def test_the_cifar_standin_is_as_many_shapes_as_batches_ask_for():
    drawn = data.cifar10(train_batches=2)
    assert drawn.train.x.shape == (4000, 32, 32, 3)
    assert drawn.train.x.dtype == np.uint8
    assert len(drawn.classes) == 10


# --- shapes and digits -----------------------------------------------------------


def test_equal_seeds_draw_equal_shapes_and_others_do_not():
    one, same, other = (data.shapes(n=50, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.train.x, same.train.x)
    np.testing.assert_array_equal(one.train.y, same.train.y)
    assert (one.train.x != other.train.x).mean() > 0.5


@pytest.mark.parametrize("size", [8, 17, 64])
def test_shapes_come_in_any_size_and_equal_numbers(size):
    drawn = data.shapes(n=50, size=size)
    assert drawn.train.x.shape == (50, size, size, 3)
    labels = np.concatenate([drawn.train.y, drawn.test.y])
    assert np.bincount(labels).tolist() == [6] * 10


@pytest.mark.parametrize("options", [{"n": 9}, {"size": 7}])
def test_too_few_or_too_small_shapes_are_refused(options):
    with pytest.raises(ValueError, match="needs n ≥ 10 and size ≥ 8"):
        data.shapes(**options)


def test_two_thousand_shapes_are_drawn_in_less_than_three_seconds():
    start = time.perf_counter()
    data.shapes(n=2000)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_classifier_finds_shapes_learnable_but_not_trivial(seed):
    from sklearn.linear_model import RidgeClassifier

    drawn = data.shapes(n=1000, size=16, seed=seed)
    flat = [
        split.x.reshape(len(split.x), -1) / 255 for split in (drawn.train, drawn.test)
    ]
    model = RidgeClassifier(alpha=30).fit(flat[0], drawn.train.y)
    assert 0.25 < model.score(flat[1], drawn.test.y) < 0.8  # chance: 0.1


def test_digits_are_split_alike_every_time_and_in_every_class():
    one, two = data.digits(), data.digits()
    np.testing.assert_array_equal(one.test.x, two.test.x)
    whole = np.bincount(np.concatenate([one.train.y, one.test.y]))
    np.testing.assert_array_equal(np.bincount(one.test.y), whole // 5)
    assert one.train.x.dtype == np.float64
    assert one.train.x.max() == 16
    assert not one.is_standin


# --- flights, seeds, formats -----------------------------------------------------


def test_flights_are_144_months_from_112_to_432():
    passengers, months = data.flights().train
    assert passengers.shape == months.shape == (144,)
    assert (passengers[0], passengers[-1]) == (112, 432)
    assert passengers.mean() == pytest.approx(280.2986, abs=5e-5)
    assert (str(months[0]), str(months[-1])) == ("1949-01", "1960-12")
    assert data.flights().test is None


def test_doubled_tabs_in_the_wheat_table_are_one_separator():
    x, y = data.loaders.parse_seeds(
        "1\t2\t\t3\t4\t5\t6\t7\t1\n2\t3\t4\t5\t6\t7\t8\t\t3\n"
    )
    assert x.tolist() == [[1, 2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 6, 7, 8]]
    assert y.tolist() == [0, 2]


def test_a_wheat_row_without_eight_numbers_is_named():
    with pytest.raises(ValueError, match="row 2 has 7 numbers, not 8"):
        data.loaders.parse_seeds("1 2 3 4 5 6 7 1\n1 2 3 4 5 6 7\n")


def test_idx_files_are_read_row_by_row():
    raw = bytes(
        [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 20, 21, 22]
    )
    images = loaders._parse_idx(gzip.compress(raw))
    assert images.tolist() == [[[10, 11, 12], [20, 21, 22]]]
    assert images.flags.writeable


# --- the interface ---------------------------------------------------------------


def test_an_unknown_name_lists_the_known_ones_in_one_line():
    with pytest.raises(ValueError, match="unknown data set 'mnits'") as caught:
        data.load("mnits")
    message = str(caught.value)
    assert "\n" not in message
    assert all(name in message for name in data.names())


@pytest.mark.parametrize("batches", [0, 6, "all"])
def test_a_number_of_batches_that_does_not_exist_is_refused(batches):
    with pytest.raises(ValueError, match="train_batches must be 1…5"):
        data.cifar10(train_batches=batches)


def test_a_data_set_cannot_be_changed_by_assignment():
    with pytest.raises(FrozenInstanceError):
        data.flights().train = None


def test_every_name_has_a_loader_of_that_name():
    assert set(data.names()) == set(REGISTRY)
    assert all(callable(getattr(data, name)) for name in data.names())


def test_tensors_keep_integers_and_make_floats_float32():
    torch = pytest.importorskip("torch")
    tensors = data.digits().tensors()
    assert tensors.train.x.dtype == torch.float32
    assert tensors.test.y.dtype == torch.int64
    np.testing.assert_array_equal(tensors.train.x.numpy(), data.digits().train.x)


def test_tensors_leave_text_and_dates_as_they_are():
    torch = pytest.importorskip("torch")
    flights = data.flights().tensors()
    assert isinstance(flights.train.x, torch.Tensor)
    assert flights.train.y.dtype == "datetime64[M]"
    assert isinstance(data.sonnets().tensors().train.x, str)


def test_importing_the_loaders_imports_no_heavy_library():
    heavy = "{'torch', 'sklearn', 'matplotlib', 'requests', 'pooch', 'tqdm'}"
    script = f"import sys, helpers.data; print({heavy} & set(sys.modules) or 'none')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert done.stdout == "none\n"


# --- the command line ------------------------------------------------------------


def test_the_module_lists_every_set():
    command = [sys.executable, "-m", "helpers.data"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines()[1:-1]]
    assert listed == list(data.names())


def test_fetch_fills_the_cache_and_verify_agrees(server, sonnets_at, capsys):
    file = sonnets_at(f"{server.url}/a")
    server.pages["/a"] = TEXT
    assert main(["fetch", "sonnets", "flights"]) == 0
    assert fetch.cached_path(file).read_bytes() == TEXT
    assert main(["verify"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 right, 0 wrong"


def test_fetch_fails_and_names_what_cannot_be_had(capsys):
    assert main(["fetch", "seeds"]) == 1
    assert capsys.readouterr().out == "seeds/seeds_dataset.txt: not to be had\n"


def test_verify_names_every_wrong_file_and_fails(sonnets_at, capsys):
    path = fetch.cached_path(sonnets_at())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"other words")
    assert main(["verify"]) == 1
    out = capsys.readouterr().out
    assert out == "sonnets/sonnets.txt: wrong SHA-256\n0 right, 1 wrong\n"


@pytest.mark.parametrize("arguments", [["fetch", "mnits"], ["fetch"], ["burn"]])
def test_bad_arguments_get_one_line_and_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


# --- facts about the real sets ---------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Return a function that loads a real set from the mirror, each only once."""
    cache, loaded = tmp_path_factory.mktemp("cache"), {}

    def load(name, **options):
        if name not in loaded:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("COURSE_DATA_DIR", str(cache))
                patch.setenv("COURSE_DATA_MIRROR", str(MIRROR_FOLDER))
                patch.setenv("COURSE_OFFLINE", "1")
                loaded[name] = data.load(name, **options)
        assert not loaded[name].is_standin
        return loaded[name]

    return load


@real_data
def test_mnist_has_its_published_class_counts(real):
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(real("mnist").train.y).tolist() == train
    assert np.bincount(real("mnist").test.y).tolist() == test


@real_data
def test_mnist_has_its_published_mean_and_standard_deviation(real):
    images = real("mnist").train.x
    assert (images.shape, images.dtype) == ((60000, 28, 28), np.uint8)
    assert images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert images.std() / 255 == pytest.approx(0.3081, abs=5e-5)


@real_data
def test_mnist_100_is_the_subset_of_the_literature(real):
    small = real("mnist_100")
    assert small.train.y[:9].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1]
    assert small.test.y[:9].tolist() == [3, 8, 0, 5, 4, 3, 8, 3, 2]
    assert np.bincount(small.test.y).tolist() == [10] * 10
    np.testing.assert_array_equal(small.train.x, real("mnist").train.x[:100])


@real_data
def test_cifar10_has_its_published_class_counts_and_channel_means(real):
    cifar = real("cifar10", train_batches=1)
    assert cifar.train.x.shape == cifar.test.x.shape == (10000, 32, 32, 3)
    assert np.bincount(cifar.test.y).tolist() == [1000] * 10
    means = cifar.train.x.mean(axis=(0, 1, 2)) / 255
    # The published means are those of all five batches.
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=0.005)


@real_data
def test_cifar10_classes_are_those_of_its_meta_file(real):
    meta = (MIRROR_FOLDER / "cifar10" / "batches.meta").read_bytes()
    places = [meta.index(name.encode()) for name in real("cifar10").classes]
    assert places == sorted(places)


@real_data
def test_wheat_seeds_are_70_of_each_kind_with_the_published_mean_area(real):
    x, y = real("seeds").train
    assert (x.shape, x.dtype, y.dtype) == ((210, 7), np.float64, np.int64)
    assert np.bincount(y).tolist() == [70, 70, 70]
    assert x[:, 0].mean() == pytest.approx(14.84752, abs=5e-6)
    assert real("seeds").test is None


@real_data
def test_flights_are_the_figures_of_the_published_file():
    with (MIRROR_FOLDER / "flights" / "flights.csv").open() as stream:
        rows = [
            (f"{r['month']} {r['year']}", r["passengers"])
            for r in csv.DictReader(stream)
        ]
    passengers, months = data.flights().train
    assert [float(figure) for _, figure in rows] == passengers.tolist()
    assert [name for name, _ in rows] == [m.item().strftime("%B %Y") for m in months]


@real_data
def test_shakespeare_has_65_distinct_characters(real):
    text = real("shakespeare").train.x
    assert len(set(text)) == 65
    assert len(text) == 1115394
    assert text.startswith("First Citizen:")


@real_data
def test_the_sonnets_begin_with_the_first(real):
    first_line = real("sonnets").train.x.strip().splitlines()[0]
    assert first_line == "From fairest creatures we desire increase,"


@real_data
def test_a_mirror_works_without_a_writable_cache(monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(MIRROR_FOLDER))
    assert data.seeds().train.x.shape == (210, 7)


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1"])
def test_the_list_survives_a_terminal_that_is_not_utf_8(locale):
    own = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-m", "helpers.data"],
        env=os.environ | own,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"cache: " in done.stdout


def test_the_list_ends_in_silence_when_nobody_reads_on():
    command = f"'{sys.executable}' -u -m helpers.data | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("name")


def test_the_stand_ins_that_were_handed_out_are_remembered(monkeypatch):
    monkeypatch.setattr(loaders, "_given", {})
    assert data.standins_given() == ()
    data.seeds()
    data.seeds()
    data.digits()  # the real set, which needs no network
    assert data.standins_given() == ("stand-in for wheat seeds: iris (Fisher)",)


def test_torchvision_has_nothing_to_load_where_mnist_cannot_be_had():
    assert data.mnist_folder() is None


@real_data
def test_torchvision_finds_our_files_and_the_same_digits(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(MIRROR_FOLDER))
    pytest.importorskip("torch")
    from helpers._torchvision import import_torchvision

    library = import_torchvision().datasets.MNIST(data.mnist_folder(), train=False)
    ours = data.mnist().test
    assert (library.data.numpy() == ours.x).all()
    assert (library.targets.numpy() == ours.y).all()
