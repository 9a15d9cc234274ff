// One client for one worker, with four states: asleep, starting, ready, busy. Python
// cannot be interrupted, so that *Stop* ends the worker and starts another.

const HEAP = 512e6; // bytes: above this the next run gets a new worker

export class Client extends EventTarget {
  /** @param settings what the worker's `start` takes; its `script`; what to `prepare`. */
  constructor(settings) {
    super();
    this.settings = settings;
    this.state = "asleep";
    this.worker = null;
    this.module = null; // WebAssembly, compiled once for all workers of the page
    this.count = 0;
    this.run = null;
  }

  /** Start Python if it is not there; the promise fails with one sentence. */
  start() {
    if (this.ready) return this.ready;
    this.state = "starting";
    this.ready = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.ready.catch(() => {}); // whoever waits hears of it
    this.#launch(this.settle);
    return this.ready;
  }

  async #launch(mine) {
    await (this.prepared ??= this.settings.prepare());
    if (this.settle !== mine) return; // stopped meanwhile
    try {
      const worker = (this.worker = new Worker(this.settings.script, { type: "module" }));
      worker.onmessage = ({ data }) => worker === this.worker && this.#heard(data);
      worker.onerror = (event) => worker === this.worker && this.#dead(event.message || "the worker did not start");
      const { script, prepare, ...rest } = this.settings;
      worker.postMessage({ type: "start", ...rest, module: this.module });
    } catch (error) {
      this.#dead(error.message);
    }
  }

  /** Run cells; return their results, or null where the run was stopped. */
  async execute(cells) {
    await this.start();
    const id = (this.count += 1);
    this.state = "busy";
    const result = new Promise((resolve, reject) => (this.run = { id, resolve, reject }));
    this.worker.postMessage({ type: "run", id, cells });
    return result;
  }

  /** End what runs, at once, and be ready again soon. */
  stop() {
    const run = this.run;
    this.#end();
    run?.resolve(null);
    this.start();
  }

  #end() {
    this.worker?.terminate();
    this.settle?.reject(new Error("stopped"));
    this.worker = this.ready = this.settle = this.run = null;
    this.state = "asleep";
  }

  #heard(message) {
    const run = this.run;
    if (message.type === "module") this.module = message.module;
    else if (message.type === "stage") this.dispatchEvent(new CustomEvent("stage", { detail: message }));
    else if (message.type === "ready") {
      this.state = "ready";
      this.settle.resolve();
    } else if (message.type === "dead") this.#dead(message.text);
    else if (run && message.id === run.id) {
      if (message.type === "print") this.dispatchEvent(new CustomEvent("print", { detail: message.text }));
      else {
        this.run = null;
        this.state = "ready";
        run.resolve(message.results);
        if (message.damaged || message.heap > HEAP) {
          this.#end();
          this.start();
        }
      }
    }
  }

  #dead(text) {
    const run = this.run;
    const error = Object.assign(new Error(text), { hasStarted: this.state === "busy" });
    this.settle?.reject(error);
    this.#end();
    run?.reject(error);
  }
}
