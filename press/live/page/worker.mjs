// The worker in which the answers of a page run: bare Pyodide, the runner, the checks.
//   in   {type: "start", …}      {type: "run", id, cells: [{id, source, role}]}
//   out  {type: "stage", text}  {type: "module", module}  {type: "ready"}
//        {type: "print", id, text}  {type: "done", id, results, damaged, heap}
//        {type: "dead", text}
const post = (message) => self.postMessage(message);
let python, run;
let current = null;

/** Fetch a file as bytes. */
async function bytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const TELL = 1e6; // bytes between two words on what has come

/** Say what is done; while it is fetched, with the megabytes that have come. */
function tellMegabytes(text) {
  const real = self.fetch;
  let [got, told] = [0, 0];
  post({ type: "stage", text });
  const write = (chunk) => {
    got += chunk.byteLength;
    if (got < told + TELL) return;
    told = got;
    post({ type: "stage", text: `${text}: ${(got / 1e6).toFixed(1)} MB` });
  };
  self.fetch = async (...request) => {
    const response = await real(...request);
    // a copy is counted: the browser keeps the code that it compiles from the original
    response.clone().body?.pipeTo(new WritableStream({ write })).catch(() => {});
    return response;
  };
  return () => (self.fetch = real);
}

/** Take over a module that an earlier worker of the page compiled, or hand ours on. */
function shareCompiled(module) {
  const compile = WebAssembly.instantiateStreaming;
  if (module) {
    const real = self.fetch;
    self.fetch = (request, ...rest) =>
      String(request.url ?? request).endsWith("pyodide.asm.wasm") ? Promise.resolve(new Response(null)) : real(request, ...rest);
  }
  WebAssembly.instantiateStreaming = async (response, imports) => {
    if (module) return { module, instance: await WebAssembly.instantiate(module, imports) };
    const made = await compile.call(WebAssembly, response, imports);
    post({ type: "module", module: made.module });
    return made;
  };
}

async function start({ pyodide, packages, wheel, runner, setup, module, lock, stdlib }) {
  const fetched = tellMegabytes("Fetching Python");
  const files = [bytes(wheel), bytes(runner)];
  for (const file of files) file.catch(() => {}); // told of where it is awaited
  shareCompiled(module);
  const { loadPyodide } = await import(`${pyodide}pyodide.mjs`);
  const options = {
    indexURL: pyodide,
    packages,
    stdout: () => {},
    stderr: () => {},
    jsglobals: {}, // an answer reaches neither the network nor the page
    env: { PYTHONDONTWRITEBYTECODE: "1", MPLBACKEND: "agg" },
  };
  if (stdlib) options.stdLibURL = stdlib;
  if (lock) {
    options.lockFileContents = JSON.parse(new TextDecoder().decode(await bytes(lock)));
    options.packageBaseUrl = pyodide;
  }
  python = await loadPyodide(options);
  fetched();
  post({ type: "stage", text: "Preparing the checks" });
  const [checks, program] = await Promise.all(files);
  python.unpackArchive(checks, "zip", { extractDir: "/course" });
  python.FS.writeFile("/course/runner.py", program);
  python.runPython("import sys; sys.path.insert(0, '/course')");
  const module_ = python.pyimport("runner");
  module_.send = (text) => post({ type: "print", id: current, text });
  run = module_.run;
  const { results } = JSON.parse(run(JSON.stringify(setup.map((cell) => ({ ...cell, role: "setup" })))));
  const failed = results.find((result) => result.error);
  if (failed) throw new Error(failed.error.message);
  post({ type: "ready" });
}

async function work({ id, cells }) {
  current = id;
  const source = cells.map((cell) => cell.source).join("\n");
  await python.loadPackagesFromImports(source, { messageCallback: () => {}, errorCallback: () => {} }).catch(() => {});
  const { results, damaged } = JSON.parse(run(JSON.stringify(cells)));
  post({ type: "done", id, results, damaged, heap: python._module.HEAP8.length });
}

self.onmessage = async ({ data }) => {
  try {
    await (data.type === "start" ? start(data) : work(data));
  } catch (error) {
    post({ type: "dead", id: data.id, text: String(error?.message ?? error).slice(-2000) });
  }
};
