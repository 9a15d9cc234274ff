// Compiles the standard library and NumPy with Pyodide's own Python: most of a plain
// start is compiling their source. Called by press/live/pack.py, where there is Node:
//   node compile.mjs PYODIDE_DIR TARGET
// Writes TARGET/stdlib.zip, TARGET/<wheel of NumPy> and TARGET/lock.json.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [distribution, target] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(distribution, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: distribution });
python.runPython(`
import importlib.util, marshal, zipfile

INSIDE = "/tests/", "/f2py/"
FIRST = (
    "test/", "idlelib/", "ensurepip/", "pydoc", "turtle", "tkinter/", "sqlite3/", "curses/",
    "wsgiref/", "xmlrpc/", "venv/", "_pyrepl/", "numpy/distutils/",
)

def compile_all():
    """Write a zip like this one with .pyc in place of .py: no time stamps, no source."""
    with zipfile.ZipFile("/in.zip") as old, zipfile.ZipFile("/out.zip", "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            if name.endswith(("/", ".pyi")) or name.startswith(FIRST):
                continue
            if any(part in name for part in INSIDE):
                continue
            content = old.read(name)
            if name.endswith(".py"):
                code = compile(content, name, "exec", dont_inherit=True, optimize=0)
                head = importlib.util.MAGIC_NUMBER + bytes(12)
                name, content = f"{name}c", head + marshal.dumps(code)
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
`);

function compile(name, file = name) {
  python.FS.writeFile("/in.zip", new Uint8Array(readFileSync(join(distribution, name))));
  python.runPython("compile_all()");
  const bytes = python.FS.readFile("/out.zip");
  writeFileSync(join(target, file), bytes);
  return createHash("sha256").update(bytes).digest("hex");
}

const lock = JSON.parse(readFileSync(join(distribution, "pyodide-lock.json"), "utf8"));
const wheel = lock.packages.numpy.file_name;
compile("python_stdlib.zip", "stdlib.zip");
lock.packages.numpy.sha256 = compile(wheel);
// seen from Pyodide's folder, where all other wheels lie: press/live/pack.py
lock.packages.numpy.file_name = `../../../_course/live/python/${wheel}`;
const kept = {};
const keep = (name) => {
  if (kept[name] || !lock.packages[name]) return;
  kept[name] = lock.packages[name];
  kept[name].depends.forEach(keep);
};
["numpy", "scipy", "scikit-learn", "matplotlib", "pandas"].forEach(keep);
writeFileSync(join(target, "lock.json"), JSON.stringify({ info: lock.info, packages: kept }));
