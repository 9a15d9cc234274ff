/*
 * The reader's own points in the playground: as a short text for the link, from a
 * table that is pasted, and the controls to add, move and delete them.
 *
 * First what is pure (runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Points as text ====================== */

  const EXTENT = 3; // the plane is the square from −3 to 3
  const STEPS = 400; // places in one unit: points lie on a grid of 0.0025
  const SIDE = 2 * EXTENT * STEPS + 1; // places on one axis
  const MOST = 200; // points
  const MARK = "p"; // every text begins with it
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const DIGITS = 4; // letters for one point

  const inside = (value) => Math.min(EXTENT, Math.max(-EXTENT, value));
  /** A coordinate on the grid. */
  const snap = (value) => Math.round(inside(value) * STEPS) / STEPS + 0;

  /** Points [{x1, x2, label}] as text, four letters each. */
  function encode(points) {
    const texts = points.map(({ x1, x2, label }) => {
      const [i, j] = [x1, x2].map((x) => Math.round((inside(x) + EXTENT) * STEPS));
      let rest = (i * SIDE + j) * 2 + label;
      let text = "";
      for (let k = 0; k < DIGITS; k += 1) {
        text = LETTERS[rest % 64] + text;
        rest = Math.floor(rest / 64);
      }
      return text;
    });
    return MARK + texts.join("");
  }

  /** The points of a text, or null where it is none. */
  function decode(text) {
    const n = (text.length - 1) / DIGITS;
    if (text[0] !== MARK || !Number.isInteger(n) || n > MOST) return null;
    const points = [];
    for (let at = 1; at < text.length; at += DIGITS) {
      let code = 0;
      for (const letter of text.slice(at, at + DIGITS)) {
        const digit = LETTERS.indexOf(letter);
        if (digit < 0) return null;
        code = code * 64 + digit;
      }
      const cell = Math.floor(code / 2);
      if (cell >= SIDE * SIDE) return null;
      points.push({
        x1: (Math.floor(cell / SIDE) - EXTENT * STEPS) / STEPS,
        x2: ((cell % SIDE) - EXTENT * STEPS) / STEPS,
        label: code % 2,
      });
    }
    return points;
  }

  /** Which texts the link may hold: what a field's `options` of a SCHEMA can do. */
  const TEXTS = { includes: (text) => decode(text) !== null };

  /** With what a reader begins: class 1 inside a triangle of class 0. */
  const START = encode(
    [
      [0, 0.2, 1],
      [0.4, -0.3, 1],
      [-0.4, -0.2, 1],
      [0.1, 0.8, 1],
      [0.2, -0.6, 1],
      [0, 2, 0],
      [1.2, 1, 0],
      [-1.2, 0.9, 0],
      [1.8, -1, 0],
      [-1.8, -1.1, 0],
      [0, -1.7, 0],
      [0.9, -1.6, 0],
    ].map(([x1, x2, label]) => ({ x1, x2, label })),
  );

  /**
   * Points as the data of a run: {train, test}. With a share of 0.2 every fifth point is
   * a test example, so that a new point moves no other one from one part to the other.
   */
  function partsOf(points, share) {
    const isTest = (i) => Math.floor((i + 1) * share) > Math.floor(i * share);
    const columns = (rows) => ({
      x1: Float64Array.from(rows, ({ x1 }) => x1),
      x2: Float64Array.from(rows, ({ x2 }) => x2),
      label: Float64Array.from(rows, ({ label }) => label),
    });
    return {
      train: columns(points.filter((_, i) => !isTest(i))),
      test: columns(points.filter((_, i) => isTest(i))),
    };
  }

  /** The number of the point nearest to a place, no farther than `reach`, or null. */
  function nearest(points, [x1, x2], reach) {
    let best = null;
    let least = reach;
    points.forEach((point, i) => {
      const distance = Math.hypot(point.x1 - x1, point.x2 - x2);
      if (distance <= least) [best, least] = [i, distance];
    });
    return best;
  }

  /* ====================== A table that is pasted ====================== */

  const count = (n) => `${n} point${n === 1 ? "" : "s"}`;
  const EXAMPLE = "such as “0.5, −1.2, 1”";

  /** The fields of a line; with tabs or semicolons a comma is a decimal sign. */
  function fieldsOf(line) {
    const isWide = /[\t;]/.test(line);
    const fields = line.split(isWide ? /[\t;]/ : line.includes(",") ? "," : /\s+/);
    return fields.map((field) => {
      const text = field.trim().replace(/^["']|["']$/g, "");
      return isWide ? text.replace(/^([^,]*\d),(\d[^,]*)$/, "$1.$2") : text;
    });
  }

  const numberOf = (text) => (text === "" ? NaN : Number(text.replace(/^[−–]/, "-")));

  /** From −2.5 to 2.5, the lowest value of a column to the highest. */
  function fitted(values) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (high === low) return values.map(() => 0);
    return values.map((value) => (5 * (value - low)) / (high - low) - 2.5);
  }

  /** The classes as 0 and 1, and what they were called; or a fault. */
  function labelsOf(names) {
    const kinds = [...new Set(names)].sort((a, b) =>
      Number.isFinite(a - b) ? a - b : a < b ? -1 : 1,
    );
    if (kinds.length > 2) {
      const list = kinds.slice(0, 3).join(", ");
      return { fault: `There are ${kinds.length} classes (${list} …): two are possible.` };
    }
    const numbers = kinds.map(Number);
    const isPlain = numbers.every((value) => [0, 1, -1].includes(value));
    const labels = names.map((name) =>
      isPlain ? Number(Number(name) === 1) : kinds.indexOf(name),
    );
    return { labels, kinds: isPlain ? null : kinds };
  }

  /**
   * Points from text: a line each with x1, x2 and a class, between commas, semicolons,
   * tabs or blanks. A first line without numbers is a heading.
   *
   * @param {boolean} fit - whether each column is fitted into the plane
   * @returns {object} {points, said} or, where something is wrong, {fault}: one line
   */
  function parseTable(text, fit) {
    const rows = text
      .split(/\r?\n/)
      .map((line, index) => ({ number: index + 1, line: line.trim() }))
      .filter(({ line }) => line !== "")
      .map(({ number, line }) => ({ number, fields: fieldsOf(line) }));
    const isHeading = ({ fields }) => fields.slice(0, 2).every((f) => isNaN(numberOf(f)));
    if (rows.length > 1 && isHeading(rows[0])) rows.shift();
    if (rows.length === 0) return { fault: `Paste lines of x₁, x₂ and a class, ${EXAMPLE}.` };
    if (rows.length > MOST) {
      return { fault: `These are ${rows.length} points: at most ${MOST} are possible.` };
    }
    for (const { number, fields } of rows) {
      if (fields.length !== 3) {
        const columns = `${fields.length} column${fields.length === 1 ? "" : "s"}`;
        return { fault: `Line ${number} has ${columns}: three are needed, ${EXAMPLE}.` };
      }
      for (const field of fields.slice(0, 2)) {
        const value = numberOf(field);
        if (!Number.isFinite(value)) {
          return { fault: `Line ${number}: “${field.slice(0, 20)}” is no number.` };
        }
        if (!fit && Math.abs(value) > EXTENT) {
          return {
            fault: `Line ${number}: ${field} lies outside −3 to 3. Tick “fit” to fit the columns.`,
          };
        }
      }
      if (fields[2] === "") return { fault: `Line ${number} has no class.` };
    }
    const { labels, kinds, fault } = labelsOf(rows.map(({ fields }) => fields[2]));
    if (fault) return { fault };
    const columns = [0, 1].map((c) => rows.map(({ fields }) => numberOf(fields[c])));
    const [x1, x2] = fit ? columns.map(fitted) : columns;
    const points = labels.map((label, i) => ({ x1: snap(x1[i]), x2: snap(x2[i]), label }));
    const classes = kinds
      ? ` Class 0 is ${kinds[0]}${kinds.length > 1 ? `, class 1 is ${kinds[1]}` : ""}.`
      : "";
    return { points, said: `${count(points.length)}.${classes}` };
  }

  const pure = { MOST, START, TEXTS, snap, encode, decode, partsOf, nearest, parseTable };
  if (typeof module !== "undefined") module.exports = pure;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { Exploration } = globalThis;
  const { html, rich, short } = Exploration;

  /**
   * The controls of the points. `points()` gives those of the state, `onchange(points,
   * said)` gets new ones, `onselect()` is called when another one is chosen.
   *
   * @returns {object} {element, show, attach, selected}
   */
  function createEditor({ points, onchange, onselect }) {
    let selected = null; // number of a point
    let added = 1; // the class that a click adds

    const spokenPoint = (i) => {
      const { x1, x2, label } = points()[i];
      return `Point ${i + 1}: ${short(x1, 4)}, ${short(x2, 4)}, class ${label}.`;
    };
    const select = (i) => {
      selected = i;
      onselect();
      show();
    };
    const replace = (i, changes, said = null) => {
      const changed = points().map((p, k) => (k === i ? { ...p, ...changes } : p));
      onchange(changed, said);
      show();
    };
    const add = (x1, x2, label) => {
      if (points().length >= MOST) {
        onchange(points(), `At most ${MOST} points are possible.`);
        return;
      }
      const all = [...points(), { x1: snap(x1), x2: snap(x2), label }];
      selected = all.length - 1;
      onchange(all, `Added. Point ${all.length}, class ${label}.`);
      show();
    };
    const remove = (i) => {
      const left = points().filter((_, k) => k !== i);
      selected = left.length === 0 ? null : Math.min(i, left.length - 1);
      onchange(left, `Deleted. ${count(left.length)} left.`);
      show();
    };
    const go = (by) => {
      const n = points().length;
      if (n === 0) return;
      select(selected === null ? (by > 0 ? 0 : n - 1) : (selected + by + n) % n);
      onchange(points(), spokenPoint(selected));
    };

    /* Controls */
    const what = Exploration.choice({
      legend: "A click adds",
      options: [
        ["1", "class 1"],
        ["0", "class 0"],
      ],
      onchange: (value) => {
        added = Number(value);
      },
    });
    what.set("1");
    const plain = (label, onclick) => Exploration.button(label, onclick);
    const place = (key, name) =>
      Exploration.numberInput({
        name,
        min: -EXTENT,
        max: EXTENT,
        step: 0.1,
        oninput: (value) => {
          if (selected !== null) replace(selected, { [key]: snap(value) });
        },
      });
    const [box1, box2] = [place("x1", "x1 of the point"), place("x2", "x2 of the point")];
    const labels = Exploration.select({
      label: "class",
      options: [
        ["1", "1"],
        ["0", "0"],
      ],
      onchange: (value) => {
        if (selected !== null) replace(selected, { label: Number(value) });
      },
    });
    const counter = html("span", { class: "exploration-own-counter" });
    const previous = plain("‹", () => go(-1));
    const next = plain("›", () => go(1));
    previous.setAttribute("aria-label", "Previous point");
    next.setAttribute("aria-label", "Next point");
    const erase = plain("Delete", () => {
      if (selected !== null) remove(selected);
    });
    const field = (label, input) =>
      html(
        "label",
        { class: "exploration-own-box" },
        html("span", { "aria-hidden": "true" }, rich(label)),
        input.element,
      );
    const one = html(
      "div",
      { class: "exploration-own-row", role: "group", "aria-label": "One point" },
      previous,
      counter,
      next,
      field("$x_1$", box1),
      field("$x_2$", box2),
      labels.element,
      erase,
    );

    /* The table */
    const table = html("textarea", {
      class: "exploration-own-table",
      rows: 5,
      spellcheck: "false",
      "aria-label": "Table of points: a line each with x1, x2 and a class",
      placeholder: "0.5, -1.2, 1\n-1, 0.3, 0",
    });
    const fit = html("input", { type: "checkbox" });
    const fault = html("p", { class: "exploration-own-fault", role: "alert" });
    const use = plain("Use these points", () => {
      const found = parseTable(table.value, fit.checked);
      fault.textContent = found.fault ?? found.said;
      fault.dataset.kind = found.fault ? "fault" : "said";
      table.toggleAttribute("aria-invalid", Boolean(found.fault));
      if (found.fault) return;
      selected = null;
      onchange(found.points, found.said);
      show();
    });
    const paste = html(
      "details",
      { class: "exploration-own-paste" },
      html("summary", null, "Paste a table"),
      table,
      html(
        "div",
        { class: "exploration-own-row" },
        use,
        html("label", null, fit, " fit each column into −2.5 to 2.5"),
      ),
      fault,
    );
    const element = html(
      "section",
      { class: "exploration-section exploration-own", "aria-label": "Your points" },
      html(
        "div",
        { class: "exploration-own-row" },
        what.element,
        plain("Add a point", () => {
          add(0, 0, added);
          box1.element.focus();
        }),
        plain("Clear", () => {
          selected = null;
          onchange([], "All points are gone.");
          show();
        }),
      ),
      html(
        "p",
        { class: "exploration-remark" },
        "Click into the plane to add a point (right button: of the other class); drag one " +
          "to move it. Arrow keys move the chosen point, Delete removes it.",
      ),
      one,
      paste,
    );

    /** Write the chosen point into its boxes. */
    function show() {
      const n = points().length;
      if (selected !== null && selected >= n) selected = n > 0 ? n - 1 : null;
      const has = selected !== null;
      counter.textContent = has ? `Point ${selected + 1} of ${n}` : count(n);
      for (const node of [box1.element, box2.element, erase]) node.disabled = !has;
      labels.element.querySelector("select").disabled = !has;
      if (!has) return;
      const { x1, x2, label } = points()[selected];
      box1.set(x1);
      box2.set(x2);
      labels.set(String(label));
    }

    /* The plane */
    const ARROWS = {
      ArrowRight: [1, 0],
      ArrowLeft: [-1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    };

    /**
     * Let the plane be edited: `node` is its canvas, `toPlane(x, y)` turns a place on the
     * canvas into coordinates, `reach()` is how near a click must be to a point.
     */
    function attach({ node, toPlane, reach, isOn }) {
      const at = (event) => {
        const box = node.getBoundingClientRect();
        return toPlane(event.clientX - box.left, event.clientY - box.top);
      };
      node.addEventListener("contextmenu", (event) => {
        if (isOn()) event.preventDefault();
      });
      node.addEventListener("pointerdown", (event) => {
        if (!isOn() || event.button > 2 || event.button === 1) return;
        const point = at(event);
        const found = nearest(points(), point, reach());
        if (found === null && point.some((x) => Math.abs(x) > EXTENT)) return;
        event.preventDefault();
        node.focus({ preventScroll: true });
        if (found === null) {
          add(...point, event.button === 2 ? 1 - added : added);
        } else if (event.button === 2) {
          replace(found, { label: 1 - points()[found].label }, "Its class has changed.");
        } else {
          select(found);
        }
        if (event.button !== 0 || selected === null) return;
        node.setPointerCapture(event.pointerId);
        Exploration.drag(node, (e) => {
          const [x1, x2] = at(e).map(snap);
          replace(selected, { x1, x2 });
        });
      });
      node.addEventListener("keydown", (event) => {
        if (!isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
        const arrow = ARROWS[event.key];
        const isDelete = event.key === "Delete" || event.key === "Backspace";
        if (!arrow && !isDelete) return;
        event.preventDefault();
        event.stopPropagation(); // the theme turns the page with these keys
        if (selected === null) {
          go(1);
        } else if (isDelete) {
          remove(selected);
        } else {
          const size = event.shiftKey ? 0.02 : 0.1;
          const { x1, x2 } = points()[selected];
          const moved = [x1, x2].map((x, i) => snap(x + size * arrow[i]));
          replace(selected, { x1: moved[0], x2: moved[1] });
        }
      });
    }

    return { element, show, attach, selected: () => points()[selected] ?? null };
  }

  globalThis.ExplorationOwnPoints = { ...pure, createEditor };
})();
