"""A student's Markdown does nothing in the browser of whoever grades by hand."""

import base64
import re
from html.parser import HTMLParser

import pytest
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from grader.reports.markdown import pasted, safe

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
HARMLESS = re.compile(r"(https?://|mailto:|#|data:image/(png|jpeg|gif);base64,)")


class Seen(HTMLParser):
    """What a page would do: tags, targets and handlers."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.targets, self.handlers, self.text = set(), [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "action", "data", "srcset"):
                self.targets.append(value)
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_data(self, data):
        self.text += data


def shown(source: str, attachments: dict | None = None) -> Seen:
    """Render as nbgrader's formgrader does."""
    renderer = IPythonRenderer(escape=False, attachments=attachments or {})
    return Seen(MarkdownWithMath(renderer=renderer).render(source))


@pytest.mark.parametrize(
    "source",
    [
        "[x](java&#115;cript:alert(1))",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](javascript\\:alert(1))",
        "[x](java&Tab;script:alert(1))",
        "[x](java&NewLine;script:alert(1))",
        "[x](&#x6A;avascript&colon;alert(1))",
        "[x](&amp;#106;avascript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](<java\tscript:alert(1)>)",
        "[x]( javascript:alert(1))",
        "[x](\n javascript:alert(1))",
        "[x](\x01javascript:alert(1))",
        "[x](vbscript:x) [y](data:text/html;base64,PHNjcmlwdD4=) [z](file:///etc)",
        "[x][r]\n\n[r]: javascript:alert(1)",
        "[x][r]\n\n[r]:\n  javascript:alert(1)",
        "[r]\n\n[r]: <javascript:alert(1)>",
        "[x][r]\n\n[r]: java&#115;cript:alert(1) 'title'",
        "<javascript:alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "&lt;img src=x onerror=alert(1)&gt;",
        "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<style>body{display:none}</style>",
        "<!-- --><iframe srcdoc='x'></iframe>",
        "![x](javascript:alert(1))",
        "![x](https://example.org/who-reads-this.png)",
        "![x][r]\n\n[r]: https://example.org/who-reads-this.png",
        "![x](attachment:missing.png)",
        '[x](https://example.org/"onmouseover="alert(1))',
        "[x](https://example.org 'a\" onclick=\"alert(1)')",
        "[`x`](javascript:alert(1)) **[y](javascript:alert(1))**",
        "[[x](javascript:alert(1))](javascript:alert(1))",
        "[x](relative/page.html) [y](../../secret)",
    ],
)
def test_nothing_acts(source):
    page = shown(*safe(source, {}, {}))
    assert page.tags <= {"p", "a", "code", "strong", "em", "pre", "h1", "br"}
    assert all(HARMLESS.match(target) for target in page.targets), page.targets
    assert not page.handlers


@pytest.mark.parametrize(
    "source",
    [
        r"$\href{javascript:alert(1)}{x}$",
        r"$$\HREF{javascript:alert(1)}{x}$$",
        r"$&#92;href{javascript:alert(1)}{x}$",
        r"\\(\style{color:red}{x}\\)",
        r"$\require{html}\class{x}{y}\cssId{a}{b}$",
    ],
)
def test_no_command_of_mathjax_makes_html(source):
    page = shown(*safe(source, {}, {}))
    assert not re.search(r"\\(href|style|class|cssId|require)", page.text, re.I)


def test_what_is_harmless_looks_as_before():
    source = (
        "# Why\n\nIf $a < b$ and `x[0](1)`, see [it](https://example.org/a?b=c#d), "
        "[below](#why), **bold**, 3 < 4 & 5.\n\n* a\n* b\n\n[r]: https://example.org/r\n"
    )
    page = shown(*safe(source, {}, {}))
    assert {"https://example.org/a?b=c#d", "#why"} <= {*page.targets}
    assert {"h1", "strong", "li"} <= page.tags
    assert "3 < 4 & 5" in page.text


def test_pasted_and_handed_in_pictures_are_there():
    given = {"image.png": {"image/png": base64.b64encode(PNG).decode()}}
    source = "Here: ![image.png](attachment:image.png) and ![photo](photo.jpg)"
    source += """ and <img alt=a src="./a/b%20c.png" onclick='alert(1)' width=30>"""
    files = {"photo.jpg": b"\xff\xd8\xff00", "a/b c.png": PNG}
    text, attachments = safe(source, pasted(given), files)
    page = shown(text, attachments)
    kinds = ["data:image/png;", "data:image/jpeg", "data:image/png;"]
    assert [t[:15] for t in page.targets] == kinds
    assert not page.handlers


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"", b"GIF", b"%PDF"])
def test_what_is_no_picture_is_none(content):
    assert safe("![x](x.png)", {"x.png": content}, {})[1] == {}


@pytest.mark.parametrize("given", [None, 1, [], {"a": 1}, {"a": {"image/png": 7}}])
def test_strange_attachments_are_none(given):
    assert pasted(given) == {}
