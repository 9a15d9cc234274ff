"""What takes the place of a set that cannot be had, and the generator `draw_shapes`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TEXT = Path(__file__).with_name("standin.txt")  # prose of this course

# fmt: off
SHAPES = (
    "disc", "ring", "square", "diamond", "triangle",
    "cross", "flower", "crescent", "bars", "checks",
)
# fmt: on


def enlarge_digits(images: np.ndarray) -> np.ndarray:
    """Enlarge 8×8 digits to MNIST's frame: 20×20 in the middle of 28×28.

    Parameters
    ----------
    images : array, shape (n, 8, 8)
        Gray values 0…16.

    Returns
    -------
    array, shape (n, 28, 28), uint8, gray values 0…255
    """
    # Bilinear: each of the 20 places mixes the two nearest of the 8 old ones.
    places = np.clip((np.arange(20) + 0.5) * 8 / 20 - 0.5, 0, 7)
    weights = np.clip(1 - np.abs(places[:, None] - np.arange(8)), 0, 1)  # (20, 8)
    large = weights @ images @ weights.T * (255 / 16)  # (n, 20, 20)
    return np.pad(np.rint(large).astype(np.uint8), ((0, 0), (4, 4), (4, 4)))


def course_text() -> str:
    """Return prose of this course, about 190,000 characters."""
    return TEXT.read_text(encoding="utf-8")


def draw_shapes(n: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw `n` small colored pictures of the ten classes in `SHAPES`.

    Place, scale, tilt, colors, texture and contrast vary from picture to picture; a
    drawing is on average lighter than its ground.

    Parameters
    ----------
    n : int
        Number of pictures; the classes are equally frequent, up to one.
    size : int
        Height and width in pixels.
    seed : int
        Equal seeds give equal pictures.

    Returns
    -------
    x : array, shape (n, size, size, 3), uint8
    y : array, shape (n,), int64
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 10)
    images = np.empty((n, size, size, 3), np.uint8)
    for label in range(10):  # by class, which also keeps the memory small
        rows = np.flatnonzero(labels == label)
        if rows.size:
            images[rows] = _draw_class(SHAPES[label], rows.size, size, rng)
    return images, labels.astype(np.int64)


def _draw_class(name: str, n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    def uniform(low, high, *shape):
        return rng.uniform(low, high, (n, *shape)).astype(np.float32)

    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1  # −1…1
    x, y = axis[None, None, :], axis[None, :, None]
    dx, dy = uniform(-0.2, 0.2, 1, 1), uniform(-0.2, 0.2, 1, 1)
    scale = uniform(0.5, 0.85, 1, 1)
    tilt = uniform(-0.3, 0.3, 1, 1)
    u = (np.cos(tilt) * (x - dx) + np.sin(tilt) * (y - dy)) / scale  # (n, size, size)
    v = (np.cos(tilt) * (y - dy) - np.sin(tilt) * (x - dx)) / scale
    # An edge is about a pixel wide: `_outside` is in units of half a drawing.
    drawing = np.clip(0.5 - _outside(name, u, v) * scale * size / 2, 0, 1)[..., None]

    ground = uniform(0.1, 0.6, 1, 1, 3) + _texture(n, size, rng)
    color = uniform(0.3, 1.0, 1, 1, 3)
    noise = rng.normal(0, 0.04, (n, size, size, 3)).astype(np.float32)
    image = ground + drawing * (color - ground) + noise
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _texture(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return gratings plus coarse colored blotches, shape (n, size, size, 3)."""
    wave = rng.uniform(-3, 3, (n, 2, 1, 1)) * 2 * np.pi / size
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    place = np.arange(size)
    grating = np.sin(wave[:, 0] * place + wave[:, 1] * place[:, None] + phase)
    coarse = rng.normal(0, 0.08, (n, 4, 4, 3)).astype(np.float32)
    cell = place * 4 // size
    blotches = coarse[:, cell][:, :, cell]
    return blotches + 0.1 * grating.astype(np.float32)[..., None]


def _outside(name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return about how far (u, v) lies outside the shape; negative is inside."""
    a, b, r = np.abs(u), np.abs(v), np.hypot(u, v)
    box = np.maximum(a, b)
    match name:
        case "disc":
            return r - 0.8
        case "ring":
            return np.abs(r - 0.65) - 0.2
        case "square":
            return box - 0.7
        case "diamond":
            return (a + b - 1) * 0.7
        case "triangle":
            return np.maximum(v - 0.5, 0.87 * a - 0.5 * v - 0.5)
        case "cross":
            return np.maximum(box - 0.85, np.minimum(a, b) - 0.25)
        case "flower":
            return (r - 0.6 - 0.3 * np.cos(5 * np.arctan2(u, -v))) * 0.5
        case "crescent":
            return np.maximum(r - 0.85, 0.65 - np.hypot(u - 0.4, v))
        case "bars":
            return np.maximum(box - 0.8, np.minimum(np.abs(b - 0.6), b) - 0.17)
        case "checks":
            return np.maximum(box - 0.8, np.where(u * v > 0, -1, 1) * np.minimum(a, b))
    raise ValueError(f"unknown shape {name!r}; known: {', '.join(SHAPES)}")
