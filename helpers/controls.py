"""Controls in a notebook: move a slider, and a picture is drawn anew.

`explore` needs ipywidgets, which JupyterLab, Binder and Colab have. Without it, and in
the pages of the book, the picture of the first values stands still.
"""

import asyncio
import base64
import inspect
import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from html import escape

import matplotlib.pyplot as plt

from helpers.plots import picture

PAUSE_SECONDS = 0.2  # a slider that is dragged draws when it rests
DRIVEN = "COURSE_DRIVE_CONTROLS"  # set by the build: each control is moved once


def explore(
    draw: Callable[..., str],
    *,
    start: Mapping[str, object] | None = None,
    labels: Mapping[str, str] | None = None,
    **choices: Sequence,
):
    """Show the picture that `draw` makes, under a control for each of its arguments.

    Parameters
    ----------
    draw : callable
        Draws one Matplotlib figure for the values it gets by name and returns its
        alternative text. It should take less than a second.
    start : mapping from argument to value, optional
        Where the controls stand first; default each one's middle choice.
    labels : mapping from argument to text, optional
        What stands beside a control; default the argument's name.
    **choices : sequence
        The values of each argument, in order: numbers get a slider, texts a menu,
        two truth values a box to tick.

    Returns
    -------
    ipywidgets.VBox or None
        The controls and the picture, for tests; None without ipywidgets.

    Raises
    ------
    ValueError
        If an argument has fewer than two choices, `start` is not among them, or `draw`
        does not take the argument.
    """
    chosen = _start(draw, choices, start or {})
    image, alt = _draw(draw, chosen)
    try:
        import ipywidgets
    except ModuleNotFoundError:
        _show(image, alt)
        return None
    if os.environ.get(DRIVEN):
        _drive(draw, choices, chosen)
    controls = {
        name: _control(ipywidgets, (labels or {}).get(name, name), values, chosen[name])
        for name, values in choices.items()
    }
    frame = ipywidgets.HTML(_tag(image, alt))
    redraw = _Redraw(draw, controls, frame)
    for control in controls.values():
        control.observe(redraw.later, names="value")
    box = ipywidgets.VBox([*controls.values(), frame])
    _show(image, alt, box)
    return box


def _start(draw: Callable, choices: Mapping, start: Mapping) -> dict[str, object]:
    """Return the first value of each argument."""
    chosen = {}
    for name, values in choices.items():
        if name not in inspect.signature(draw).parameters:
            raise ValueError(f"explore: draw takes no argument {name!r}")
        if len(values) < 2:
            raise ValueError(f"explore: {name!r} has {len(values)} choices, not two")
        chosen[name] = start.get(name, values[len(values) // 2])
        if chosen[name] not in values:
            raise ValueError(f"explore: {chosen[name]!r} is no choice of {name!r}")
    return chosen


def _control(ipywidgets, label: str, values: Sequence, start: object):
    """Return the control that fits the values; all of them work with the keyboard."""
    options = {"description": label, "value": start, "style": {"description_width": ""}}
    if set(values) == {False, True}:
        return ipywidgets.Checkbox(indent=False, **options)
    options["options"] = [(_text(value), value) for value in values]
    if isinstance(values[0], str):
        return ipywidgets.Dropdown(**options)
    return ipywidgets.SelectionSlider(**options)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Redraw:
    """Draws when the controls have rested for a moment, so that none waits in line."""

    def __init__(self, draw: Callable, controls: Mapping, frame) -> None:
        self.draw, self.controls, self.frame = draw, controls, frame
        self.waiting: asyncio.TimerHandle | None = None

    def later(self, _change: object = None) -> None:
        """Draw soon; at once where no event loop runs."""
        if self.waiting:
            self.waiting.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.now()
        else:
            self.waiting = loop.call_later(PAUSE_SECONDS, self.now)

    def now(self) -> None:
        """Draw, or say in the picture's place what went wrong."""
        self.waiting = None
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self.frame.value = _tag(*_draw(self.draw, values))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self.frame.value = f'<p role="alert">{escape(text)}</p>'


def _drive(draw: Callable, choices: Mapping, chosen: dict[str, object]) -> None:
    """Move each control to both of its ends: each must change the picture."""
    first, _ = _draw(draw, chosen)
    for name, values in choices.items():
        ends = [value for value in (values[0], values[-1]) if value != chosen[name]]
        pictures = [_draw(draw, chosen | {name: end})[0] for end in ends]
        if first in pictures:
            raise ValueError(f"explore: {name!r} changes nothing in the picture")


def _draw(draw: Callable, values: Mapping[str, object]) -> tuple[bytes, str]:
    """Return the picture as PNG, and its alternative text."""
    with _own_figure():
        alt = draw(**values)
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError("explore: draw must return the picture's alternative text")
        buffer = io.BytesIO()
        plt.gcf().savefig(buffer, format="png")
    return buffer.getvalue(), " ".join(alt.split())


@contextmanager
def _own_figure():
    """Leave no figure behind for the notebook to show a second time."""
    before = set(plt.get_fignums())
    try:
        yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def _tag(image: bytes, alt: str) -> str:
    data = base64.b64encode(image).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'


def _show(image: bytes, alt: str, box=None) -> None:
    """Show the controls; whoever cannot, shows the picture of the same output."""
    from IPython.display import display

    data, metadata = picture(image, alt)
    if box is not None:
        data["application/vnd.jupyter.widget-view+json"] = {
            "version_major": 2,
            "version_minor": 0,
            "model_id": box.model_id,
        }
    display(data, metadata=metadata, raw=True)
