// What a learner wrote and what came of it, kept in this browser only: a value for each
// cell, under the exercise's name. A browser may forbid it, or be full: then we say so.

// Several books may share a host: the book's path is part of a key. The number is the
// format of what is stored; press/scripts/progress.js counts the verdicts.
const PREFIX = `neuron-by-neuron:work:1:${new URL("../..", import.meta.url).pathname}:`;

export class Store {
  constructor(exercise) {
    this.prefix = `${PREFIX}${exercise}:`;
    this.seen = new Map(); // what this page last knew to be stored
    this.works = true;
  }

  /** Return {text, task, …} of a cell, or null. */
  get(cell) {
    try {
      const raw = localStorage.getItem(this.prefix + cell);
      this.seen.set(cell, raw);
      const value = JSON.parse(raw);
      return value && typeof value.text === "string" ? value : null;
    } catch {
      return null; // forbidden, or somebody else's value
    }
  }

  /** Store a cell's work; return "kept", "elsewhere" (another tab wrote), or "full". */
  set(cell, value) {
    const key = this.prefix + cell;
    try {
      if (localStorage.getItem(key) !== (this.seen.get(cell) ?? null)) return "elsewhere";
      const raw = value === null ? null : JSON.stringify(value);
      if (raw === null) localStorage.removeItem(key);
      else localStorage.setItem(key, raw);
      this.seen.set(cell, raw);
      this.works = true;
      return "kept";
    } catch {
      this.works = false;
      return "full";
    }
  }

  /** Take over what is stored now, so that the next `set` may write. */
  accept(cell) {
    return this.get(cell);
  }

  /** Call back with a cell's name when another tab has changed it. */
  watch(changed) {
    addEventListener("storage", ({ key }) => {
      if (key?.startsWith(this.prefix)) changed(key.slice(this.prefix.length));
    });
  }
}
