/*
 * Exploration "preliminaries": a broadcasting calculator. Two shapes are aligned from
 * the right; where the sizes fit, the result is drawn cell by cell.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const MOST_AXES = 6;
  const MOST_SIZE = 99999;
  const MOST_CELLS = 60; // with more, the cells are not drawn

  /**
   * The shape that a text such as "(3, 1)", "3,1", "3 1" or "()" stands for, as a list
   * of sizes, or null where it is none.
   */
  function parseShape(text) {
    const inner = text.trim().replace(/^\((.*)\)$/s, "$1").trim();
    if (inner === "") return [];
    const parts = inner.replace(/,\s*$/, "").split(/\s*[,×]\s*|\s+/);
    if (parts.length > MOST_AXES || !parts.every((part) => /^\d{1,5}$/.test(part))) {
      return null;
    }
    return parts.map(Number);
  }

  /** A shape as Python writes it: "()", "(3,)", "(3, 1)". */
  function formatShape(shape) {
    return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  }

  /** A shape as the URL holds it: "3,1". */
  const shapeKey = (shape) => shape.join(",");

  /** The number of entries of an array: the product of the sizes. */
  function countOf(shape) {
    return shape.reduce((product, size) => product * size, 1);
  }

  /**
   * One record per axis, from the left: its number from the right (-1 is the last), the
   * sizes of both (1 where an axis is missing), which one is stretched, and the size of
   * the result, null where the sizes do not fit.
   */
  function align(a, b) {
    const length = Math.max(a.length, b.length);
    return Array.from({ length }, (_, i) => {
      const axis = i - length;
      const p = a[a.length + axis] ?? 1;
      const q = b[b.length + axis] ?? 1;
      let stretched = null;
      if (p !== q && p === 1) stretched = "a";
      if (p !== q && q === 1) stretched = "b";
      return {
        axis,
        a: p,
        b: q,
        aMissing: -axis > a.length,
        bMissing: -axis > b.length,
        stretched,
        size: p === q || stretched === "b" ? p : stretched === "a" ? q : null,
      };
    });
  }

  /** The shape of A + B, or null where the shapes do not fit. */
  function broadcast(a, b) {
    const sizes = align(a, b).map(({ size }) => size);
    return sizes.includes(null) ? null : sizes;
  }

  /** The index of an entry from its number in reading order. */
  function unravel(number, shape) {
    const index = [];
    for (const size of [...shape].reverse()) {
      index.unshift(number % size);
      number = Math.floor(number / size);
    }
    return index;
  }

  /** Where an entry of the result comes from in an array of the given shape. */
  function sourceIndex(index, shape) {
    const tail = shape.length ? index.slice(-shape.length) : [];
    return tail.map((place, i) => (shape[i] === 1 ? 0 : place));
  }

  /** The number of an entry in reading order, from its index. */
  function ravel(index, shape) {
    return index.reduce((number, place, i) => number * shape[i] + place, 0);
  }

  /** The values that are drawn: A holds 10, 20, 30, …, B holds 1, 2, 3, …. */
  const valueOfA = (number) => 10 * (number + 1);
  const valueOfB = (number) => number + 1;

  /** What entry `number` of A + B is made of; the shapes must fit. */
  function entry(number, a, b) {
    const index = unravel(number, broadcast(a, b));
    const fromA = sourceIndex(index, a);
    const fromB = sourceIndex(index, b);
    const valueA = valueOfA(ravel(fromA, a));
    const valueB = valueOfB(ravel(fromB, b));
    return { index, fromA, fromB, valueA, valueB, value: valueA + valueB };
  }

  /** Whether the cells of an array are few enough to be drawn. */
  function drawable(shape) {
    const count = countOf(shape);
    const wide = Math.max(0, ...shape) > 12;
    return shape.length <= 3 && count > 0 && count <= MOST_CELLS && !wide;
  }

  /** Settings worth a look. */
  const EXAMPLES = {
    "column-row": ["3,1", "4", "a column and a row"],
    "table-row": ["3,4", "4", "the same row to every example"],
    "table-column": ["3,4", "3,1", "a number of its own to every example"],
    "wrong-axis": ["3,4", "3", "an error: (3, 4) and (3,)"],
    trap: ["4", "4,1", "the silent trap: (4,) and (4, 1)"],
    distances: ["3,1,2", "4,2", "all pairs of rows"],
    networks: ["2,3,4", "2,1,4", "a bias for each of two networks"],
    images: ["64,3,32,32", "3,1,1", "a number for each color of 64 images"],
    scalar: ["2,3", "", "a table and a number"],
  };

  /* The state that the URL's hash holds: a shape is a choice among all valid texts. */
  const SHAPES = { includes: (text) => parseShape(text) !== null };
  const SCHEMA = {
    a: { kind: "choice", options: SHAPES, initial: "3,1", always: true },
    b: { kind: "choice", options: SHAPES, initial: "4", always: true },
    entry: { kind: "number", whole: true, min: 0, max: MOST_CELLS - 1, initial: 6 },
  };

  const mathematics = {
    MOST_CELLS,
    EXAMPLES,
    SCHEMA,
    parseShape,
    formatShape,
    countOf,
    align,
    broadcast,
    unravel,
    sourceIndex,
    ravel,
    entry,
    drawable,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html } = globalThis.Exploration;

  const place = (index) => (index.length ? `[${index.join(", ")}]` : "");

  /** What happens on one axis, in words. */
  function axisText({ a, b, aMissing, bMissing, stretched, size }) {
    if (size === null) return `✗ ${a} and ${b} differ, and neither is 1`;
    if (stretched === null) return aMissing || bMissing ? "✓ both are 1" : "✓ equal";
    const [name, missing] = stretched === "a" ? ["A", aMissing] : ["B", bMissing];
    const why = missing ? "has no such axis, counts as 1" : "has 1";
    return `✓ ${name} ${why}: stretched to ${size}`;
  }

  /** The two shapes, aligned, with the result below. */
  function alignmentTable(a, b) {
    const axes = align(a, b);
    const row = (name, pick) =>
      html("tr", null, html("th", { scope: "row" }, name), axes.map(pick));
    const size = (key) => (axis) => {
      const missing = axis[key + "Missing"];
      const stretched = axis.stretched === key;
      const classes = [
        "exploration-shape-size",
        missing ? "exploration-shape-missing" : "",
        axis.size === null ? "exploration-shape-clash" : "",
      ];
      return html(
        "td",
        { class: classes.join(" ") },
        missing ? `(${axis[key]})` : String(axis[key]),
        stretched ? ` → ${axis.size}` : null,
      );
    };
    const result = ({ size: value }) =>
      html(
        "td",
        { class: "exploration-shape-size exploration-shape-result" },
        value === null ? "✗" : String(value),
      );
    return [
      html("caption", null, "The shapes, aligned from the right"),
      html(
        "thead",
        null,
        row("axis", ({ axis }) => html("th", { scope: "col" }, `−${-axis}`)),
      ),
      html(
        "tbody",
        null,
        row("A", size("a")),
        row("B", size("b")),
        row("A + B", result),
      ),
    ];
  }

  /** The verdict in one sentence, for eyes and for ears. */
  function verdict(a, b) {
    const shape = broadcast(a, b);
    if (shape !== null) {
      const count = countOf(shape);
      const entries = count === 1 ? "1 entry" : `${count.toLocaleString("en")} entries`;
      return `A + B has shape ${formatShape(shape)}: ${entries}.`;
    }
    const clash = align(a, b).filter(({ size }) => size === null);
    const where = clash.map(({ axis, a: p, b: q }) => `axis −${-axis}: ${p} and ${q}`);
    return (
      `No result: ${where.join("; ")}. Sizes fit only if they are equal or one of ` +
      "them is 1."
    );
  }

  /** A remark where the shapes are a known pitfall, or the cells cannot be drawn. */
  function remarkText(a, b) {
    const shape = broadcast(a, b);
    if (shape === null) {
      const reshaped =
        a.length !== b.length &&
        "Alignment is from the right. If the shorter array belongs to another axis, " +
          "give it axes of length 1, as in b[:, None].";
      return reshaped || "";
    }
    const [n, m] = [countOf(a), countOf(b)];
    if (n === m && n > 1 && countOf(shape) === n * m) {
      return (
        `Beware: two arrays of ${n} entries each, and a result of ${n * m}. If an ` +
        "entry-by-entry result was meant, reshape one of them."
      );
    }
    if (countOf(shape) === 0) return "A size of 0: the result has no entries at all.";
    if (!drawable(shape)) {
      return (
        `The cells are drawn up to three axes of at most 12 and ${MOST_CELLS} ` +
        "entries. The rule is the same for all sizes."
      );
    }
    return "";
  }

  /**
   * The cells of an array in the frame of a shape: the first axis of three makes
   * layers. `cell(index)` returns {text, ghost, marked}.
   */
  function cells(kind, shape, cell, onpick = null) {
    const [layers, rows, columns] = [1, 1, 1, ...shape].slice(-3);
    const grid = (layer) => {
      const content = [];
      for (let i = 0; i < rows * columns; i += 1) {
        const whole = [layer, Math.floor(i / columns), i % columns];
        const index = shape.length ? whole.slice(-shape.length) : [];
        const { text, ghost, marked } = cell(index);
        const classes = ["exploration-entry"];
        if (ghost) classes.push("exploration-entry-ghost");
        if (marked) classes.push("exploration-entry-marked");
        const attributes = { class: classes.join(" ") };
        if (onpick) attributes.onclick = () => onpick(index);
        content.push(html("div", attributes, text));
      }
      const style = `grid-template-columns: repeat(${columns}, minmax(0, 2.6rem))`;
      return html("div", { class: "exploration-entries", style }, content);
    };
    return html(
      "div",
      { class: `exploration-layers exploration-array-${kind}` },
      Array.from({ length: layers }, (_, layer) => grid(layer)),
    );
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const frame = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: () => verdict(...shapes()),
      pause: 500,
    });
    const { state, share } = frame;
    const shapes = () => [parseShape(state.a), parseShape(state.b)];

    /* Controls */
    const problem = html("p", { class: "exploration-remark", role: "alert" });
    const field = (key, name) => {
      const input = html("input", {
        type: "text",
        class: "exploration-number exploration-shape-input",
        spellcheck: "false",
        autocomplete: "off",
        "aria-label": `Shape of ${name}`,
        oninput: () => {
          const shape = parseShape(input.value);
          if (shape === null) {
            input.setAttribute("aria-invalid", "true");
            problem.textContent =
              `“${input.value}” is no shape: up to ${MOST_AXES} whole numbers from ` +
              `0 to ${MOST_SIZE}, with commas between them.`;
            return;
          }
          state[key] = shapeKey(shape);
          changed();
        },
        onblur: () => draw(),
      });
      const element = html(
        "label",
        { class: "exploration-field" },
        html("span", null, `Shape of ${name}`),
        input,
      );
      const set = (text) => {
        input.removeAttribute("aria-invalid");
        // What is being typed ("3," on the way to "3, 1") must not be replaced.
        const typed = document.activeElement === input ? parseShape(input.value) : null;
        if (typed !== null && shapeKey(typed) === text) return;
        input.value = formatShape(parseShape(text));
      };
      return { element, set };
    };
    const fields = { a: field("a", "A"), b: field("b", "B") };
    const examples = Exploration.select({
      label: "Examples",
      options: [
        ["", "choose …"],
        ...Object.entries(EXAMPLES).map(([key, [, , text]]) => [key, text]),
      ],
      onchange: (key) => {
        if (key === "") return;
        [state.a, state.b] = EXAMPLES[key];
        changed();
      },
    });
    const swap = Exploration.button("Swap A and B", () => {
      [state.a, state.b] = [state.b, state.a];
      changed();
    });
    const slider = html("input", {
      type: "range",
      class: "exploration-range",
      "aria-label": "Entry of the result",
      min: 0,
      step: 1,
      oninput: () => pick(Number(slider.value)),
    });

    function pick(number) {
      state.entry = number;
      draw();
      share.save();
    }

    function changed() {
      state.entry = 0;
      frame.changed();
    }

    /* What the controls change */
    const table = html("table", { class: "exploration-table" });
    const text = html("p", { class: "exploration-score" });
    const steps = html("ul", { class: "exploration-shape-steps" });
    const remark = html("p", { class: "exploration-remark" });
    const panel = html("div", { class: "exploration-panel" }, text, steps, remark);
    const arrays = html("div", { class: "exploration-arrays", "aria-hidden": "true" });
    const made = html("p", { class: "exploration-equation" });
    const legend = html(
      "p",
      { class: "exploration-remark" },
      "Dashed cells are not stored: stretching repeats entries without copying them. " +
        "Click a cell of the result, or move the slider, to see where it comes from.",
    );
    const picture = html(
      "section",
      { class: "exploration-section", "aria-label": "The cells" },
      arrays,
      slider,
      made,
      legend,
    );

    function draw() {
      const [a, b] = shapes();
      const shape = broadcast(a, b);
      fields.a.set(state.a);
      fields.b.set(state.b);
      problem.textContent = "";
      const known = Object.entries(EXAMPLES).find(
        ([, [p, q]]) => p === state.a && q === state.b,
      );
      examples.set(known ? known[0] : "");
      table.replaceChildren(...alignmentTable(a, b));
      text.textContent = verdict(a, b);
      panel.dataset.fits = String(shape !== null);
      steps.replaceChildren(
        ...align(a, b).map((axis) =>
          html("li", null, `axis −${-axis.axis}: ${axisText(axis)}`),
        ),
      );
      remark.textContent = remarkText(a, b);
      remark.hidden = remark.textContent === "";
      drawCells(a, b, shape);
    }

    function titled(name, shape, content) {
      const title = html(
        "p",
        { class: "exploration-array-name" },
        html("b", null, name),
        ` ${formatShape(shape)}`,
      );
      return html("div", { class: "exploration-array" }, title, content);
    }

    function drawCells(a, b, shape) {
      picture.hidden = shape === null ? !(drawable(a) && drawable(b)) : !drawable(shape);
      if (picture.hidden) return;
      slider.hidden = shape === null || countOf(shape) === 1;
      made.hidden = shape === null;
      legend.hidden = shape === null;
      if (shape === null) {
        const alone = (own, value) => (index) => ({ text: value(ravel(index, own)) });
        arrays.replaceChildren(
          titled("A", a, cells("a", a, alone(a, valueOfA))),
          titled("B", b, cells("b", b, alone(b, valueOfB))),
        );
        return;
      }
      state.entry = Math.min(state.entry, countOf(shape) - 1);
      const chosen = entry(state.entry, a, b);
      const same = (p, q) => p.every((value, i) => value === q[i]);
      const stretched = (own, value, from) => (index) => {
        const source = sourceIndex(index, own);
        const behind = index.slice(0, index.length - own.length);
        const tail = own.length ? index.slice(-own.length) : [];
        const ghost = behind.some((p) => p > 0) || !same(source, tail);
        const marked = same(index, chosen.index) || (!ghost && same(source, from));
        return { text: value(ravel(source, own)), ghost, marked };
      };
      const sum = (index) => ({
        text: entry(ravel(index, shape), a, b).value,
        marked: same(index, chosen.index),
      });
      arrays.replaceChildren(
        titled("A", a, cells("a", shape, stretched(a, valueOfA, chosen.fromA))),
        html("span", { class: "exploration-array-sign" }, "+"),
        titled("B", b, cells("b", shape, stretched(b, valueOfB, chosen.fromB))),
        html("span", { class: "exploration-array-sign" }, "="),
        titled(
          "A + B",
          shape,
          cells("c", shape, sum, (index) => pick(ravel(index, shape))),
        ),
      );
      const { index, fromA, fromB, valueA, valueB, value } = chosen;
      const line =
        `(A + B)${place(index)} = A${place(fromA)} + B${place(fromB)} = ` +
        `${valueA} + ${valueB} = ${value}`;
      slider.max = countOf(shape) - 1;
      slider.value = state.entry;
      slider.setAttribute("aria-valuetext", line);
      made.textContent = line;
    }

    return frame.body(
      html(
        "div",
        { class: "exploration-bar" },
        fields.a.element,
        fields.b.element,
        swap,
        examples.element,
        problem,
      ),
      html(
        "div",
        { class: "exploration-columns" },
        html("div", { class: "exploration-shape-table" }, table),
        panel,
      ),
      picture,
    );
  }

  globalThis.Exploration.mount("preliminaries", build);
})();
