// Makes the answer cells of a page live: an editor, Run and check, Run, Reset, Stop, the
// message of the check with its three levels of help, points, and what was written
// before. What an answer prints is text for the page, never markup.

import { Client } from "./client.mjs";
import { Store } from "./store.mjs";

const SAVE_AFTER = 400; // milliseconds after the last key

/** Make an element: properties, then children. */
function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function hash(text) {
  let h = 5381;
  for (const character of text) h = (h * 33 + character.codePointAt(0)) >>> 0;
  return h.toString(36);
}

/** One sheet: its cells, its steps, the worker that they share. */
class Sheet {
  constructor(data, settings) {
    this.data = data;
    this.store = new Store(data.exercise);
    this.client = new Client({ ...settings, packages: data.packages, setup: data.cells.filter((c) => c.role === "setup") });
    this.client.addEventListener("stage", ({ detail }) => this.running?.say(`${detail.text} …`));
    this.client.addEventListener("print", ({ detail }) => this.running?.print(detail));
    this.steps = [];
    this.running = null;
  }

  /** Make the cells live that are on this page and are not yet. */
  mount() {
    this.data.cells.forEach((cell, place) => {
      const box = document.getElementById(`cell-${cell.id}`);
      if (!box || this.step(cell.id) || !["answer", "own"].includes(cell.role)) return;
      const checks = [];
      for (const next of this.data.cells.slice(place + 1)) {
        if (next.role !== "check") break;
        checks.push(next);
      }
      this.steps.push(new Step(this, cell, checks, box));
    });
    this.store.watch((name) => this.step(name)?.changedElsewhere());
    this.judgeAges();
  }

  step(name) {
    return this.steps.find((step) => step.cell.id === name);
  }

  /** What a cell holds now: on this page, or stored from another page. */
  text(cell) {
    const step = this.step(cell.id);
    if (step) return step.text;
    const kept = cell.role === "answer" ? this.store.get(cell.id) : null;
    return kept && kept.task === cell.task ? kept.text : cell.source;
  }

  /** The cells before one that its answer may use. */
  before(cell) {
    const place = this.data.cells.indexOf(cell);
    return this.data.cells.filter((c, i) => i < place && ["answer", "given"].includes(c.role));
  }

  /** A name for what a verdict was given for: this answer and those before it. */
  state(cell) {
    return hash([...this.before(cell), cell].map((c) => this.text(c)).join("\u0000"));
  }

  async run(step, withChecks) {
    if (this.running) return;
    this.running = step;
    step.begin();
    const { cell, checks } = step;
    const setup = this.data.cells.filter((c) => c.role === "setup");
    const part = (c, role) => ({ id: c.id, source: this.text(c), role });
    const cells = [...setup.map((c) => part(c, "setup")), ...this.before(cell).map((c) => part(c, "needed")), part(cell, "answer")];
    if (withChecks) cells.push(...checks.map((c) => part(c, "check")));
    const state = this.state(cell);
    let results = null;
    let fault = null;
    try {
      results = await this.client.execute(cells);
    } catch (error) {
      fault = error;
    }
    this.running = null;
    if (fault) step.broken(fault);
    else if (results === null) step.stopped();
    else step.finish(results, withChecks, state);
    this.judgeAges();
  }

  stop() {
    if (!this.running) return;
    const step = this.running;
    this.client.stop();
    if (this.running === step) {
      this.running = null; // Python had not started yet
      step.stopped();
    }
  }

  /** A verdict is old once its answer, or one before it, has changed. */
  judgeAges() {
    for (const step of this.steps) step.judgeAge();
    dispatchEvent(new CustomEvent("live-progress"));
  }

  get score() {
    const graded = this.steps.filter((step) => step.checks.length);
    const done = graded.filter((step) => step.verdict?.right && !step.isOld);
    const earned = graded.reduce((sum, step) => sum + (step.isOld ? 0 : step.verdict?.points ?? 0), 0);
    const all = graded.reduce((sum, step) => sum + step.worth, 0);
    return { steps: graded.length, right: done.length, earned, all };
  }
}

/** One answer cell with its checks. */
class Step {
  constructor(sheet, cell, checks, box) {
    Object.assign(this, { sheet, cell, checks });
    this.worth = checks.reduce((sum, check) => sum + check.points, 0);
    const kept = sheet.store.get(cell.id);
    const isOfThisTask = kept?.task === cell.task;
    this.verdict = isOfThisTask ? kept.verdict ?? null : null;
    this.build(box, isOfThisTask ? kept.text : cell.source);
    if (kept && !isOfThisTask) this.offerOld(kept.text);
    if (this.verdict) this.show(this.verdict.text, this.verdict.right ? "right" : "wrong");
  }

  get text() {
    return this.area.value;
  }

  set text(value) {
    this.area.value = value;
    if (this.editor) this.editor.text = value;
    this.fit();
  }

  build(box, text) {
    const { checks, cell } = this;
    const name = cell.title || cell.id;
    this.area = make("textarea", { spellcheck: false, autocapitalize: "off", autocomplete: "off", "aria-label": checks.length ? `Your answer: ${name}` : `Code of your own: ${name}` });
    this.area.value = text;
    this.area.oninput = () => this.typed();
    this.area.onkeydown = (event) => this.key(event);
    this.area.onfocus = () => this.begun();
    const button = (label, act, more = {}) => make("button", { type: "button", textContent: label, onclick: act, ...more });
    this.check = button("Run and check", () => this.sheet.run(this, true), { title: "Ctrl+Enter", hidden: !checks.length, className: "live-check" });
    this.only = button("Run", () => this.sheet.run(this, false), { title: checks.length ? "Shift+Enter" : "Ctrl+Enter" });
    this.reset = button("Reset", () => this.resetAnswer());
    this.halt = button("Stop", () => this.sheet.stop(), { hidden: true });
    this.note = make("p", { className: "live-note", hidden: true });
    this.message = make("pre", { className: "live-message", role: "status" });
    this.out = make("pre", { className: "live-out" });
    this.more = make("div", { className: "live-more" });
    this.bar = make("div", { className: "live-buttons" }, this.check, this.only, this.reset, this.halt);
    this.box = make("div", { className: "live" }, this.area, this.bar, this.note, this.message, this.out, this.more);
    box.classList.add("is-live");
    box.append(this.box);
    this.fit();
  }

  /** At the first focus of a cell: fetch Python, and an editor in the text area's place. */
  async begun() {
    this.sheet.client.start().catch(() => {});
    if (this.upgrade) return;
    this.upgrade = import("./editor.mjs").catch(() => null); // the text area goes on
    const library = await this.upgrade;
    if (!library) return;
    const run = (withChecks) => () => {
      this.sheet.run(this, withChecks);
      return true;
    };
    const hadFocus = document.activeElement === this.area;
    this.editor = library.edit(this.area, {
      keys: [{ key: "Mod-Enter", run: run(this.checks.length > 0) }, { key: "Shift-Enter", run: run(false) }],
      changed: () => this.typed(),
    });
    if (hadFocus) this.editor.focus();
  }

  /** As many rows as lines. */
  fit() {
    this.area.rows = Math.max(3, this.text.split("\n").length);
  }

  typed() {
    this.fit();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER);
    this.sheet.judgeAges();
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.sheet.run(this, this.checks.length > 0);
    } else if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      this.sheet.run(this, false);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const before = this.text.slice(0, this.area.selectionStart);
      const line = before.slice(before.lastIndexOf("\n") + 1);
      const indent = line.match(/^ */)[0] + (/:\s*(#.*)?$/.test(line) ? "    " : "");
      this.area.setRangeText(`\n${indent}`, this.area.selectionStart, this.area.selectionEnd, "end");
      this.typed();
    }
  }

  save() {
    const { cell, sheet } = this;
    const isNew = this.text !== cell.source || this.verdict;
    const value = isNew ? { text: this.text, task: cell.task, verdict: this.verdict } : null;
    const state = sheet.store.set(cell.id, value);
    if (state === "elsewhere") this.changedElsewhere();
    if (state === "full") this.tell("This browser keeps nothing here: download the notebook before you leave the page.");
  }

  /** Say something about what is kept, with ways out. */
  tell(text, ...choices) {
    const buttons = choices.map(([label, act]) =>
      make("button", { type: "button", textContent: label, onclick: () => { this.note.hidden = true; act(); } }));
    this.note.replaceChildren(text, " ", ...buttons);
    this.note.hidden = false;
  }

  changedElsewhere() {
    const other = this.sheet.store.get(this.cell.id);
    const text = other?.text ?? this.cell.source;
    if (text === this.text) {
      this.verdict = other?.verdict ?? null;
      this.sheet.judgeAges();
      return;
    }
    this.tell("Another tab has changed this answer.",
      ["Take that one", () => { this.text = text; this.verdict = other?.verdict ?? null; this.sheet.judgeAges(); }],
      ["Keep mine", () => { this.sheet.store.accept(this.cell.id); this.save(); }]);
  }

  offerOld(text) {
    this.tell("This task was changed since you wrote an answer to it.",
      ["Take my old answer", () => { this.text = text; this.sheet.store.accept(this.cell.id); this.save(); }],
      ["Drop it", () => { this.sheet.store.set(this.cell.id, null); }]);
  }

  resetAnswer() {
    const old = { text: this.text, verdict: this.verdict };
    this.text = this.cell.source;
    this.verdict = null;
    this.clear();
    this.save();
    this.tell("The answer is as it was at first.", ["Undo", () => { this.text = old.text; this.verdict = old.verdict; this.save(); this.sheet.judgeAges(); }]);
    this.sheet.judgeAges();
  }

  clear() {
    this.message.textContent = this.out.textContent = "";
    this.message.removeAttribute("data-verdict");
    this.more.replaceChildren();
  }

  begin() {
    clearTimeout(this.timer);
    this.save();
    this.clear();
    this.halt.hidden = false;
    this.box.setAttribute("aria-busy", "true");
    if (this.sheet.client.state === "ready") this.say("Running …");
  }

  end() {
    this.halt.hidden = true;
    this.box.removeAttribute("aria-busy");
  }

  say(text) {
    this.message.textContent = text;
  }

  print(text) {
    this.out.textContent = text;
  }

  stopped() {
    this.end();
    this.show("Stopped.", "none");
  }

  broken({ message, hasStarted }) {
    this.end();
    const ended = /call stack/i.test(message) ? "it went too deep: is there a recursion without end?" : message;
    this.show(hasStarted
      ? `Your code has ended Python: ${ended}\nThe next run starts it anew.`
      : `Python is not to be had in this browser (${message}). The notebook runs in JupyterLab and on Colab: see the buttons at the top of the page.`, "none");
  }

  show(text, verdict) {
    this.message.textContent = text;
    this.message.dataset.verdict = verdict;
  }

  /** Show what came of the run, and keep a verdict. */
  finish(results, withChecks, state) {
    this.end();
    const own = results.filter((r) => r.role === "answer" || r.role === "check");
    const failed = own.find((r) => r.error);
    const prints = own.filter((r) => r.role === "answer").map((r) => r.stdout + r.stderr + (r.error ? "" : r.shown));
    this.out.textContent = prints.join("").trimEnd();
    for (const png of own.flatMap((r) => r.figures)) {
      this.more.append(make("img", { src: `data:image/png;base64,${png}`, alt: "A figure that your code has drawn" }));
    }
    if (!withChecks) {
      this.show(failed ? failed.error.message : this.out.textContent ? "" : "It ran, and printed nothing.", failed ? "wrong" : "none");
      return;
    }
    const checks = new Map(this.checks.map((check) => [check.id, check]));
    const earned = own.filter((r) => r.role === "check" && !r.error).reduce((sum, r) => sum + (r.value ?? checks.get(r.cell).points), 0);
    let text = own.filter((r) => r.role === "check").map((r) => r.stdout).join("").trimEnd();
    if (failed) text = failed.role === "answer" ? `Your cell does not run.\n${failed.error.message}` : failed.error.message;
    const right = !failed && earned >= this.worth;
    this.verdict = { right, text, points: earned, of: state };
    this.show(text, right ? "right" : "wrong");
    if (failed) this.help(failed.error);
    this.save();
  }

  /** The picture of the difference, and the other levels of help, one after the other. */
  async help({ difference, why, see, worked }) {
    const more = this.more;
    const levels = [];
    if (why) {
      const text = make("p", { textContent: why });
      const place = this.sheet.data.places?.[see];
      if (place) text.append(" ", make("a", { href: place, textContent: `Read again: ${see}` }));
      levels.push(["Why does it matter?", text]);
    }
    if (worked) levels.push(["Show an example", make("pre", { textContent: worked })]);
    for (const [label, content] of levels) {
      more.append(make("details", {}, make("summary", { textContent: label }), content));
    }
    if (!difference) return;
    const { draw } = await import("./difference.mjs");
    const picture = draw(...difference);
    if (picture) more.prepend(picture);
  }

  get isOld() {
    return Boolean(this.verdict) && this.verdict.of !== this.sheet.state(this.cell);
  }

  judgeAge() {
    this.box.classList.toggle("is-old", this.isOld);
    this.box.classList.toggle("is-right", Boolean(this.verdict?.right) && !this.isOld);
    this.message.dataset.old = this.isOld ? "This verdict is older than the answers: check again." : "";
  }
}

/** The bar at the top of an exercise's page. */
function bar(sheet, release) {
  const line = make("p", { role: "status" });
  const show = () => {
    const { steps, right, earned, all } = sheet.score;
    const points = Number.isInteger(earned) ? earned : earned.toFixed(2);
    const text = `${right} of ${steps} steps right, ${points} of ${all} points by the checks you see. Kept in this browser only.`;
    if (line.textContent !== text) line.textContent = text;
    meter.value = all ? earned / all : 0;
  };
  const meter = make("progress", { max: 1, "aria-label": "points earned" });
  const said = make("span", { role: "status", className: "live-said" });
  const download = make("button", { type: "button", textContent: "Download notebook" });
  download.onclick = async () => {
    try {
      const { withAnswers } = await import("./notebook.mjs");
      const answers = new Map(sheet.steps.map((step) => [step.cell.id, step.text]));
      const text = await withAnswers(release, answers);
      const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/x-ipynb+json" })), download: `${sheet.data.exercise.split("/").at(-1)}.ipynb` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      said.textContent = "The notebook is in your downloads.";
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const file = make("input", { type: "file", accept: ".ipynb", hidden: true });
  file.onchange = async () => {
    try {
      const { answersIn } = await import("./notebook.mjs");
      const found = answersIn(await file.files[0].text(), new Set(sheet.steps.map((step) => step.cell.id)));
      for (const step of sheet.steps) {
        if (!found.has(step.cell.id)) continue;
        step.text = found.get(step.cell.id);
        step.save();
      }
      sheet.judgeAges();
      said.textContent = `${found.size} cells were taken over: check them.`;
    } catch (error) {
      said.textContent = error.message;
    }
    file.value = "";
  };
  const load = make("button", { type: "button", textContent: "Load notebook", onclick: () => file.click() });
  addEventListener("live-progress", show);
  return make("div", { className: "live-bar" }, meter, line, make("div", { className: "live-buttons" }, download, load, file, said));
}

const place = document.querySelector("script[data-live]");
const sheets = new Map();

/** Return the sheet of an exercise; all parts of a page that need it share it. */
export function sheetOf(exercise) {
  if (!sheets.has(exercise)) sheets.set(exercise, fetchSheet(exercise));
  return sheets.get(exercise);
}

async function fetchSheet(exercise) {
  const root = new URL(".", import.meta.url);
  const at = (path) => path && new URL(path, root).href;
  const get = async (path) => {
    const response = await fetch(at(path), { cache: "no-cache" }); // a new book, new names
    if (!response.ok) throw new Error(`${path} is not to be had (${response.status})`);
    return response.json();
  };
  const [data, settings] = await Promise.all([get(`sheets/${exercise}.json`), get("settings.json")]);
  const { pyodide, wheel, runner, lock, stdlib, version } = settings;
  data.packages.push(...data.wheels.map(at));
  const sheet = new Sheet(data, {
    prepare: () => keepFiles(at(`../../live-service.js?v=${version}`)),
    script: at("worker.mjs"),
    ...{ pyodide: at(pyodide), wheel: at(wheel), runner: at(runner), lock: at(lock), stdlib: at(stdlib) },
  });
  (window.liveSheets ??= []).push(sheet); // for who looks in, and for the tests
  return sheet;
}

/** Let a service worker keep what is fetched; without one a visit needs the network. */
async function keepFiles(address) {
  if (!navigator.serviceWorker) return;
  const waited = new Promise((resolve) => setTimeout(resolve, 1000));
  const kept = navigator.serviceWorker.register(address).then(() => navigator.serviceWorker.ready);
  await Promise.race([waited, kept]).catch(() => {});
}

/** An exercise's own page: all its steps, and the bar. */
async function begin() {
  const sheet = await sheetOf(place.dataset.sheet);
  document.querySelector(".bd-article h1").after(bar(sheet, new URL(place.dataset.release, location.href)));
  sheet.mount();
}

if (place.dataset.sheet) begin();
