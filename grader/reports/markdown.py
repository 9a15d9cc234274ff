"""A student's Markdown for the browser of whoever grades by hand: nothing in it acts.

nbgrader's formgrader renders it with the rights of the grader: HTML tags and entities,
links, pictures and commands of MathJax that make HTML. What is not on the lists below
is broken by a space without width, and looks the same.
"""

import base64
import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import unquote

GAP = "\u200b"
MOST_ROUNDS = 8  # of entities in entities
MOST_PICTURE = 5 * 2**20  # bytes
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TAG = re.compile(r"<(?=[A-Za-z/!?])")
IMG = re.compile(
    r"""<img\b[^<>]{0,300}?\bsrc\s?=\s?["']?([^<>"'\s]{1,200})[^<>]{0,300}>""", re.I
)
PICTURE = re.compile(
    r"!\[([^\[\]]*)\]\(\s*(?:attachment:)?([^()<>\s\"'\\:]+)[^()<>]*\)"
)
LINK = re.compile(r"\](?=[(:\[])")
# what a link may lead to: pages, mail, a place on the page
TARGET = re.compile(
    r"""\]\(\s?(https?://[^\s<>()\\"'`]+|mailto:[\w.+@-]+|\#[\w-]+)\s?\)"""
    r"""|\]:[ ]?(https?://[^\s<>()\\"'`]+)(?=\s|$)|\]\[[^\]]*\]"""
)
TEX = re.compile(
    r"\\(?=(href|url|class|cssId|style|require|unicode|bbox|data|html\w*"
    r"|includegraphics|input|csname)\b)",
    re.IGNORECASE,
)
KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


def safe(
    source: str, pasted: Mapping[str, bytes], files: Mapping[str, bytes]
) -> tuple[str, dict[str, dict[str, str]]]:
    """Return Markdown that does nothing, and its pictures as attachments of a cell.

    They were `pasted` into it, or are among the `files` beside the notebook.
    """
    text = source
    for _ in range(MOST_ROUNDS):
        if (shorter := unescape(text)) == text:
            break
        text = shorter
    else:
        text = text.replace("&", f"&{GAP}")
    text = IMG.sub(r"![](\1)", text)
    text = TAG.sub(f"<{GAP}", CONTROL.sub("", text))
    text = TEX.sub(rf"\\{GAP}", text)
    attachments: dict[str, dict[str, str]] = {}
    parts, end = [], 0
    for found in PICTURE.finditer(text):
        place = unquote(found[2]).removeprefix("./")
        content = pasted.get(place, files.get(place, b""))
        kind = kind_of(content)
        if kind:
            name = f"picture-{len(attachments) + 1}"
            attachments[name] = {kind: base64.b64encode(content).decode()}
            caption = re.sub(r"[\[\]]", "", found[1])
            parts += [_unlinked(text[end : found.start()])]
            parts += [f"![{caption}](attachment:{name})"]
            end = found.end()
    return "".join([*parts, _unlinked(text[end:])]), attachments


def _unlinked(text: str) -> str:
    """Return a text in which links lead to `TARGET` only, and nothing is a picture."""

    def broken(found: re.Match) -> str:
        return "]" if TARGET.match(text, found.start()) else f"]{GAP}"

    text = text.replace("![", f"!{GAP}[")
    return LINK.sub(broken, text)


def kind_of(content: bytes) -> str:
    """Return the type of a picture that may be shown, an empty text for others."""
    if len(content) > MOST_PICTURE:
        return ""
    return next((k for magic, k in KINDS.items() if content.startswith(magic)), "")


def pasted(attachments: object) -> dict[str, bytes]:
    """Return the pictures in a cell's attachments, by name."""
    found: dict[str, bytes] = {}
    for name, kinds in attachments.items() if isinstance(attachments, dict) else ():
        for text in kinds.values() if isinstance(kinds, dict) else ():
            try:
                found[str(name)] = base64.b64decode(text, validate=False)
            except (ValueError, TypeError):
                continue
    return found
