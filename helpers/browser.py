"""What a notebook needs that runs in the browser (JupyterLite), and nowhere else."""

import json
from pathlib import Path

NEWER = """**This notebook is older than the book's.** Your browser kept it when you
changed it. The new one lies beside it, and yours stays as it is:
[open {name}]({site}/notebooks/index.html?path={folder}{name})."""


async def tell_if_older(path: str, version: str) -> None:
    """Say so, and fetch the new one, if the book has another copy of this notebook.

    A browser keeps a notebook that a reader has changed, and shows it in place of the
    site's from then on.

    Parameters
    ----------
    path : str
        The notebook's place in the site: ``notebooks/rbf.ipynb``.
    version : str
        What its metadata call ``copy``: a hash of what it was made from.
    """
    from IPython.display import Markdown, display
    from js import location
    from pyodide.http import pyfetch

    site = location.href.partition("/extensions/")[0]
    response = await pyfetch(f"{site}/files/{path}", cache="no-store")
    if not response.ok:  # no network: the copy is as good as it was
        return
    text = await response.string()
    current = json.loads(text)["metadata"].get("copy", version)
    if current == version:
        return
    folder, slash, name = path.rpartition("/")
    new = Path(name).with_stem(f"{Path(name).stem}-{current}")
    if not new.exists():
        new.write_text(text, "utf-8")
    display(Markdown(NEWER.format(name=new, site=site, folder=folder + slash)))
