"""What a notebook teaches, for benchmarks and tests: its cells tagged `define`."""

import json
import re
from contextlib import suppress
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
# an import may run over lines, in parentheses; the last is one, too
IMPORT = re.compile(
    r"^(?:import|from) [^(\n]*(?:\([^)]*\))?|^import_torchvision\(\)", re.MULTILINE
)


def taught(chapter: str, **names) -> dict:
    """Execute the imports of a notebook and its cells tagged `define`.

    Return what they define. `names` take the place of what the notebook imports or
    defines elsewhere, such as ``device``. A package that is not here is left out.
    """
    notebook = json.loads((NOTEBOOKS / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    namespace = {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if "define" in cell["metadata"].get("tags", ()):
            exec(source, namespace)
        elif cell["cell_type"] == "code":
            for line in IMPORT.findall(source):
                with suppress(ImportError):
                    exec(line, namespace)
    namespace.update(names)
    return namespace
