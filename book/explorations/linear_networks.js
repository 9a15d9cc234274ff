/*
 * Exploration "linear_networks": three logits, from sliders or from a picture and
 * three templates, become probabilities by a softmax with temperature, and cost
 * −ln p of the true class.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const CLASSES = ["T", "L", "O"];

  /** The mean picture of each class, 5 × 5 pixels, as text. */
  const LETTERS = {
    T: ["#####", "..#..", "..#..", "..#..", "..#.."],
    L: ["#....", "#....", "#....", "#....", "#####"],
    O: [".###.", "#...#", "#...#", "#...#", ".###."],
  };

  /** A row of pixels as a number: the leftmost pixel is the bit of 16. */
  const rowOf = (text) =>
    [...text].reduce((bits, mark) => 2 * bits + (mark === "#" ? 1 : 0), 0);

  /** The five rows of a letter as numbers 0 … 31. */
  const rowsOf = (letter) => LETTERS[letter].map(rowOf);

  /** The 25 pixels, 0 or 1, of five rows given as numbers. */
  function pixels(rows) {
    return rows.flatMap((row) =>
      [16, 8, 4, 2, 1].map((bit) => (Math.floor(row / bit) % 2 === 1 ? 1 : 0)),
    );
  }

  const MEANS = CLASSES.map((letter) => pixels(rowsOf(letter)));
  const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const MIDDLE = MEANS[0].map((_, i) => average(MEANS.map((mean) => mean[i])));
  const LENGTHS = MEANS.map((mean) => mean.reduce((sum, v) => sum + v * v, 0));

  /**
   * The layer's weights and biases: those of the nearest mean, w = μ and
   * b = −‖μ‖²/2, with the average over the classes subtracted from both. That
   * shifts all logits alike and changes no probability.
   */
  const TEMPLATES = MEANS.map((mean) => mean.map((v, i) => v - MIDDLE[i]));
  const BIASES = LENGTHS.map((length) => (average(LENGTHS) - length) / 2);

  /** The logits z = W x + b of a picture x of 25 pixels. */
  function logits(x) {
    return TEMPLATES.map(
      (w, j) => w.reduce((sum, v, i) => sum + v * x[i], 0) + BIASES[j],
    );
  }

  const divided = (z, T) => z.map((v) => v / T);

  /** e^(z/T − max), the stable numerators of the softmax. */
  function numerators(z, T) {
    const s = divided(z, T);
    const top = Math.max(...s);
    return s.map((v) => Math.exp(v - top));
  }

  /** The probabilities of the logits z at temperature T, without overflow. */
  function softmax(z, T) {
    const e = numerators(z, T);
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  }

  /** The same as the formula stands: Infinity / Infinity is NaN. */
  function naiveSoftmax(z, T) {
    const e = divided(z, T).map((v) => Math.exp(v));
    const sum = e.reduce((a, b) => a + b, 0);
    return { sum, p: e.map((v) => v / sum) };
  }

  /** ln Σ e^(z/T), without overflow. */
  function logSumExp(z, T) {
    const sum = numerators(z, T).reduce((a, b) => a + b, 0);
    return Math.max(...divided(z, T)) + Math.log(sum);
  }

  /** −ln p of class y, from the logits. */
  function crossEntropy(z, y, T) {
    return logSumExp(z, T) - z[y] / T;
  }

  /** ∂C/∂z = (p − y)/T with the one-hot y. */
  function gradient(z, y, T) {
    return softmax(z, T).map((p, j) => (p - (j === y ? 1 : 0)) / T);
  }

  /** The state that the URL's hash holds. */
  const LIMIT = 2000;
  const number = (initial, min, max) => ({ kind: "number", min, max, initial });
  const SCHEMA = {
    from: {
      kind: "choice",
      options: ["sliders", "picture"],
      initial: "sliders",
      always: true,
    },
    z1: number(2, -LIMIT, LIMIT),
    z2: number(1, -LIMIT, LIMIT),
    z3: number(0, -LIMIT, LIMIT),
    T: { ...number(1, 0.05, 100), always: true },
    y: { kind: "choice", options: CLASSES, initial: "L", always: true },
    ...Object.fromEntries(
      rowsOf("T").map((row, i) => ["r" + (i + 1), { ...number(row, 0, 31), whole: true }]),
    ),
  };

  const mathematics = {
    CLASSES,
    SCHEMA,
    TEMPLATES,
    BIASES,
    rowsOf,
    pixels,
    logits,
    softmax,
    naiveSoftmax,
    logSumExp,
    crossEntropy,
    gradient,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, fixed, term, tableHead } = globalThis.Exploration;
  const KEYS = ["z1", "z2", "z3"];
  const ROWS = ["r1", "r2", "r3", "r4", "r5"];
  const triple = (values, decimals) =>
    `(${values.map((v) => short(v, decimals)).join(", ")})`;
  const percent = (p) => `${Math.round(100 * p)} percent`;

  /** A probability with three decimals; what is too small for them says so. */
  function probability(p) {
    if (p > 0 && p < 0.0005) return "< 0.001";
    return fixed(p, 3);
  }

  /** A positive number, however large or small. */
  function magnitude(value) {
    if (value === Infinity) return "∞";
    if (value === 0 || (value >= 0.001 && value < 1e5)) return short(value, 3);
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits}·10^{${power.replace("+", "").replace("-", "\u2212")}}`;
  }

  /** A template: one square for each weight, its sign written in it. */
  function templatePicture(letter) {
    const j = CLASSES.indexOf(letter);
    const cells = TEMPLATES[j].flatMap((w, i) => {
      const [x, y] = [(i % 5) * 20, Math.floor(i / 5) * 20];
      const sign = w > 1e-9 ? "positive" : w < -1e-9 ? "negative" : "zero";
      return [
        svg("rect", {
          class: `exploration-weight exploration-weight-${sign}`,
          x: x + 1,
          y: y + 1,
          width: 18,
          height: 18,
          "fill-opacity": (0.15 + 0.85 * Math.abs(w)).toFixed(2),
        }),
        svg(
          "text",
          { class: "exploration-weight-sign", x: x + 10, y: y + 14.5 },
          { positive: "+", negative: "\u2212", zero: "" }[sign],
        ),
      ];
    });
    return svg(
      "svg",
      {
        class: "exploration-template",
        viewBox: "0 0 100 100",
        role: "img",
        "aria-label": `Template of ${letter}: positive weights where only ${letter} has ink, negative ones where the others have it`,
      },
      cells,
    );
  }

  /** The picture: 25 pixels that the reader switches, one stop for the tab key. */
  function buildPicture(ontoggle) {
    let current = 0;
    const cells = Array.from({ length: 25 }, (_, i) =>
      html("button", {
        type: "button",
        class: "exploration-pixel",
        tabindex: i === 0 ? 0 : -1,
        onclick: () => {
          go(i);
          ontoggle(i);
        },
        onkeydown: (event) => {
          const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -5, ArrowDown: 5 };
          const by = moves[event.key];
          if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          const column = (i % 5) + (Math.abs(by) === 1 ? by : 0);
          const target = i + by;
          if (column >= 0 && column < 5 && target >= 0 && target < 25) {
            go(target);
            cells[target].focus();
          }
        },
      }),
    );
    function go(i) {
      cells[current].tabIndex = -1;
      cells[i].tabIndex = 0;
      current = i;
    }
    const element = html(
      "div",
      {
        class: "exploration-pixels",
        role: "group",
        "aria-label": "Picture of 5 by 5 pixels. Arrow keys move, space switches ink.",
      },
      cells,
    );
    const set = (x) => {
      cells.forEach((cell, i) => {
        cell.setAttribute("aria-pressed", String(x[i] === 1));
        const place = `row ${Math.floor(i / 5) + 1}, column ${(i % 5) + 1}`;
        cell.setAttribute("aria-label", `Pixel in ${place}, ink`);
      });
    };
    return { element, set };
  }

  /** The table from logits to probabilities, with bars. */
  function probabilityTable(z, y, T) {
    const p = softmax(z, T);
    const e = numerators(z, T);
    const slope = gradient(z, y, T);
    const head = ["class", "$z/T$", '$e^{z/T − "max"}$', "$p$", "$∂C/∂z$"];
    const rows = CLASSES.map((letter, j) =>
      html(
        "tr",
        { class: j === y ? "exploration-row-current" : null },
        html(
          "th",
          { scope: "row" },
          letter,
          j === y ? html("span", { class: "exploration-remark" }, " true") : "",
        ),
        html("td", null, short(z[j] / T, 2)),
        html("td", null, rich(`$${magnitude(e[j])}$`)),
        html(
          "td",
          { class: "exploration-bar-cell" },
          html(
            "span",
            { class: "exploration-meter", "aria-hidden": "true" },
            html("span", { style: `width: ${(100 * p[j]).toFixed(2)}%` }),
          ),
          html("span", null, probability(p[j])),
        ),
        html("td", null, fixed(slope[j], 3)),
      ),
    );
    return [
      html("caption", null, "From logits to probabilities"),
      tableHead(head),
      html("tbody", null, rows),
    ];
  }

  /** The cost, and what the softmax would give without subtracting the largest. */
  function costLines(z, y, T) {
    const letter = CLASSES[y];
    const total = logSumExp(z, T);
    return [
      `$C = −"ln" p_{${letter}} = "ln" Σ_c e^{z_c/T} − z_{${letter}}/T = ` +
        `${short(total, 4)} ${term(-z[y] / T, 4)} = ${short(total - z[y] / T, 4)}$`,
    ];
  }

  function naiveLine(z, T) {
    const { sum, p } = naiveSoftmax(z, T);
    if (sum === Infinity) {
      return (
        "Without subtracting the largest logit: an exponential overflows, " +
        `$Σ e^{z/T} = ∞$, and ∞/∞ is not a number.`
      );
    }
    if (sum === 0) {
      return (
        "Without subtracting the largest logit: all exponentials underflow, " +
        "$Σ e^{z/T} = 0$, and 0/0 is not a number."
      );
    }
    return (
      `Without subtracting the largest logit: $Σ e^{z/T} = ${magnitude(sum)}$, ` +
      `and $p = ${triple(p, 3)}$, the same.`
    );
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken,
      pause: 500,
    });
    const x = () => pixels(ROWS.map((key) => state[key]));
    const currentLogits = () =>
      state.from === "picture" ? logits(x()) : KEYS.map((key) => state[key]);

    /* Controls */
    const from = Exploration.choice({
      legend: "Logits from",
      options: [
        ["sliders", "sliders"],
        ["picture", "a picture"],
      ],
      onchange: set("from"),
    });
    const truth = Exploration.choice({
      legend: "True class",
      options: CLASSES.map((letter) => [letter, letter]),
      onchange: set("y"),
    });
    const sliders = KEYS.map((key, j) =>
      Exploration.slider({
        label: `$z_{${CLASSES[j]}}$`,
        name: `Logit of ${CLASSES[j]}`,
        min: -10,
        max: 10,
        step: 0.1,
        limit: LIMIT,
        oninput: set(key),
      }),
    );
    const temperature = Exploration.slider({
      label: "$T$",
      name: "Temperature",
      min: 0.1,
      max: 5,
      step: 0.1,
      limit: SCHEMA.T.max,
      floor: SCHEMA.T.min,
      oninput: set("T"),
    });
    const picture = buildPicture((i) => {
      const bit = 2 ** (4 - (i % 5));
      const key = ROWS[Math.floor(i / 5)];
      const row = state[key];
      state[key] = Math.floor(row / bit) % 2 === 1 ? row - bit : row + bit;
      changed();
    });
    const showLogits = (z) => () => {
      KEYS.forEach((key, j) => {
        state[key] = z[j];
      });
      changed();
    };
    const showRows = (rows) => () => {
      ROWS.forEach((key, i) => {
        state[key] = rows[i];
      });
      changed();
    };
    const sliderPanel = html(
      "div",
      null,
      html(
        "div",
        { class: "exploration-sliders" },
        sliders.map((slider) => slider.element),
      ),
      html(
        "div",
        { class: "exploration-actions" },
        Exploration.button("Example", showLogits([2, 1, 0])),
        Exploration.button("Add 1000 to all", () =>
          showLogits(KEYS.map((key) => Math.min(LIMIT, state[key] + 1000)))(),
        ),
      ),
    );
    const templateValues = CLASSES.map(() => html("span", null));
    const picturePanel = html(
      "div",
      { class: "exploration-letters" },
      picture.element,
      html(
        "div",
        { class: "exploration-actions" },
        CLASSES.map((letter) => Exploration.button(letter, showRows(rowsOf(letter)))),
        Exploration.button("Blank", showRows([0, 0, 0, 0, 0])),
      ),
    );
    const templates = html(
      "div",
      { class: "exploration-letters" },
      html("p", { class: "exploration-remark" }, "Templates, and what they say"),
      html(
        "ul",
        { class: "exploration-templates" },
        CLASSES.map((letter, j) =>
          html("li", null, templatePicture(letter), templateValues[j]),
        ),
      ),
    );

    /* What the controls change */
    const table = html("table", { class: "exploration-table" });
    const cost = html("div", { class: "exploration-panel" });
    const naive = html("p", { class: "exploration-outcome" });
    const verdict = html("p", { class: "exploration-score" });

    function spoken() {
      const p = softmax(currentLogits(), state.T);
      const y = CLASSES.indexOf(state.y);
      const parts = CLASSES.map((letter, j) => `${letter} ${percent(p[j])}`);
      const c = crossEntropy(currentLogits(), y, state.T);
      return `${parts.join(", ")}. Cross-entropy ${short(c, 2)}.`;
    }

    function draw() {
      const z = currentLogits();
      const y = CLASSES.indexOf(state.y);
      const { T } = state;
      from.set(state.from);
      truth.set(state.y);
      temperature.set(T);
      KEYS.forEach((key, j) => sliders[j].set(state[key]));
      picture.set(x());
      sliderPanel.hidden = state.from !== "sliders";
      picturePanel.hidden = state.from !== "picture";
      templates.hidden = state.from !== "picture";
      templateValues.forEach((node, j) => {
        node.replaceChildren(...rich(`$z_{${CLASSES[j]}} = ${short(z[j], 2)}$`));
      });
      table.replaceChildren(...probabilityTable(z, y, T));
      cost.replaceChildren(
        ...costLines(z, y, T).map((line) => html("p", null, rich(line))),
      );
      const best = Math.max(...z);
      const winners = CLASSES.filter((_, j) => z[j] > best - 1e-9);
      verdict.textContent =
        winners.length > 1
          ? `A tie: ${winners.join(" and ")} have the largest logit.`
          : `The answer is ${winners[0]}, at every temperature.`;
      const { sum } = naiveSoftmax(z, T);
      naive.dataset.kind = sum === Infinity || sum === 0 ? "cycle" : "";
      naive.replaceChildren(...rich(naiveLine(z, T)));
    }

    return body(
      html("div", { class: "exploration-bar" }, from.element, truth.element),
      html(
        "div",
        { class: "exploration-columns" },
        html("div", null, sliderPanel, picturePanel),
        html(
          "div",
          null,
          templates,
          html("p", { class: "exploration-remark" }, "Temperature"),
          temperature.element,
          verdict,
        ),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "Probabilities and cost" },
        table,
        cost,
        naive,
      ),
    );
  }

  globalThis.Exploration.mount("linear_networks", build);
})();
