"""Where jobs run: in threads here, or on a Dask cluster; and the bar that shows it.

`carried_out` takes tasks as fast as they are finished, so that no class has to fit into
memory, and gives each back with its results. What tasks are and what becomes of results
is not known here.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack, contextmanager
from typing import Any

from tqdm import tqdm

from grader import CourseError
from grader.isolated import session
from grader.isolated.forkserver import Stopped, allow_forkservers, close_forkservers
from grader.jobs import Options, Task
from grader.verdicts import Fault, Graded

CONNECT_SECONDS = 10  # to a Dask scheduler


def carried_out(tasks: Iterable[Task], total: int, options: Options) -> Iterator[Task]:
    """Yield each of `total` tasks with its results, as they are finished.

    Whoever stops listening stops the run: what is under way ends at once.
    """
    waiting = iter(tasks)
    running: dict[Future, tuple[Task, str]] = {}
    with (
        executor(options) as (pool, workers),
        Progress(total=total, disable=options.quiet) as bar,
    ):
        while True:
            finished: list[Task] = []
            while len(running) < 2 * workers and (task := next(waiting, None)):
                for name, job in task.jobs.items():
                    running[pool.submit(session.grade, job)] = (task, name)
                finished += [task] * (not task.jobs)
            if not finished and not running:
                return
            for task in finished or _next_finished(running):
                yield task
                bar.update()


def _next_finished(running: dict[Future, tuple[Task, str]]) -> list[Task]:
    """Wait for a result; return the tasks that have all of theirs now."""
    finished = []
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        task, name = running.pop(future)
        task.results[name] = result(future)
        if task.done:
            finished.append(task)
    return finished


def result(future: Future) -> Graded | Fault:
    """Wait for a job; return what it gave, or the fault that it is."""
    try:
        return future.result()
    except Stopped:
        raise KeyboardInterrupt from None
    except Exception as error:  # a fault of ours, not of the student's
        return Fault.of(error)


class Progress(tqdm):
    """A bar with submissions per minute and the time left."""

    def __init__(self, **settings: Any) -> None:
        settings["bar_format"] = (
            "{percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt}, {per_minute:.0f} a "
            "minute, {remaining} left"
        )
        super().__init__(**settings)

    @property
    def format_dict(self) -> dict:
        """What the bar shows, with the rate as submissions per minute."""
        shown = super().format_dict
        seconds = shown["elapsed"] or 1.0
        return shown | {"per_minute": 60 * shown["n"] / seconds}


@contextmanager
def executor(options: Options) -> Iterator[tuple[Executor, int]]:
    """Give where jobs run, and how many at a time; in the end, none is left."""
    allow_forkservers()
    with ExitStack() as ends:
        if options.dask:
            client = ends.enter_context(_client(options.dask))
            workers = max(1, sum(client.nthreads().values()))
            pool = client.get_executor(pure=False)
            ends.callback(pool.shutdown, wait=False)
        else:
            pool, workers = ThreadPoolExecutor(options.workers), options.workers
            ends.callback(pool.shutdown, cancel_futures=True)
        try:
            yield pool, workers
        except Stopped:
            raise KeyboardInterrupt from None
        except BaseException:
            close_forkservers(stop=True)
            raise


def _client(scheduler: str) -> Any:
    """Return a connection to a Dask scheduler; its futures are those of Python's."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise CourseError("--dask needs the package distributed") from None
    try:
        return Client(scheduler, timeout=f"{CONNECT_SECONDS}s", set_as_default=False)
    except OSError as error:
        raise CourseError(f"no Dask scheduler at {scheduler}: {error}") from None
