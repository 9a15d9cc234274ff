/*
 * Exploration "regularization": dropout masks on a small network. Draw masks, change
 * the rate, and compare the expected output over all masks with test mode.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const UNITS = 5;
  const LIMIT = 3; // of the inputs

  /** The network 2-5-1: ReLU in the hidden layer, where the mask acts. */
  const NET = {
    W1: [
      [1, 0.5],
      [-0.5, 1],
      [1, -1],
      [0.5, 0.5],
      [-1, 0.5],
    ],
    b1: [0.5, 1, 0.5, 0, 1.5],
    w2: [1.5, -1, 1, 2, -1.5],
    b2: -1,
  };

  function sigmoid(z) {
    return 0.5 * (1 + Math.tanh(0.5 * z));
  }

  const OUTPUTS = {
    linear: { label: "linear", f: (z) => z },
    relu: { label: "ReLU", f: (z) => Math.max(z, 0) },
    sigmoid: { label: "sigmoid", f: sigmoid },
  };

  /** What training multiplies the kept units by, and test mode all of them. */
  const SCALINGS = {
    inverted: { label: "inverted: ÷ (1 − p) in training", train: (p) => 1 / (1 - p), test: () => 1 },
    test: { label: "× (1 − p) in test mode", train: () => 1, test: (p) => 1 - p },
    none: { label: "not scaled", train: () => 1, test: () => 1 },
  };

  /** The hidden activations for the inputs x1 and x2, before the mask. */
  function hidden({ x1, x2 }) {
    return NET.W1.map((w, j) => Math.max(w[0] * x1 + w[1] * x2 + NET.b1[j], 0));
  }

  /** The preactivation of the output for hidden activations `a`. */
  function outputPreactivation(a) {
    return a.reduce((z, value, j) => z + NET.w2[j] * value, NET.b2);
  }

  /** The output in training for a mask of zeros (dropped) and ones (kept). */
  function trainOutput(state, mask) {
    const factor = SCALINGS[state.scale].train(state.p);
    const a = hidden(state).map((value, j) => value * mask[j] * factor);
    const z = outputPreactivation(a);
    return { a, z, y: OUTPUTS[state.out].f(z) };
  }

  /** The output in test mode: every unit stays. */
  function testOutput(state) {
    const factor = SCALINGS[state.scale].test(state.p);
    const a = hidden(state).map((value) => value * factor);
    const z = outputPreactivation(a);
    return { a, z, y: OUTPUTS[state.out].f(z) };
  }

  /** All 32 masks with their probabilities and outputs. */
  function allMasks(state) {
    return Array.from({ length: 2 ** UNITS }, (_, number) => {
      const mask = Array.from({ length: UNITS }, (__, j) => (number >> j) & 1);
      const probability = mask.reduce((q, keep) => q * (keep ? 1 - state.p : state.p), 1);
      return { mask, probability, ...trainOutput(state, mask) };
    });
  }

  /** Expected value and standard deviation of the output over all masks. */
  function expected(state) {
    const masks = allMasks(state);
    const mean = masks.reduce((sum, m) => sum + m.probability * m.y, 0);
    const square = masks.reduce((sum, m) => sum + m.probability * (m.y - mean) ** 2, 0);
    return { mean, deviation: Math.sqrt(square) };
  }

  /** A mask from five uniform numbers: a unit is dropped where u < p. */
  function maskFrom(uniforms, p) {
    return uniforms.map((u) => (u < p ? 0 : 1));
  }

  /** A mask as text, "11010", as numbers; null where it is none. */
  function parseMask(text) {
    return /^[01]{5}$/.test(text) ? [...text].map(Number) : null;
  }

  const formatMask = (mask) => mask.join("");

  /* The state that the URL's hash holds. */
  const MASKS = { includes: (text) => parseMask(text) !== null };
  const SCHEMA = {
    p: { kind: "number", min: 0, max: 0.9, initial: 0.4, always: true },
    mask: { kind: "choice", options: MASKS, initial: "10110", always: true },
    x1: { kind: "number", min: -LIMIT, max: LIMIT, initial: 1 },
    x2: { kind: "number", min: -LIMIT, max: LIMIT, initial: 0.5 },
    out: { kind: "choice", options: Object.keys(OUTPUTS), initial: "linear" },
    scale: { kind: "choice", options: Object.keys(SCALINGS), initial: "inverted" },
    mode: { kind: "choice", options: ["train", "test"], initial: "train" },
  };

  const mathematics = {
    NET,
    SCHEMA,
    hidden,
    trainOutput,
    testOutput,
    allMasks,
    expected,
    maskFrom,
    parseMask,
    formatMask,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, fixed, short } = globalThis.Exploration;

  const WIDTH = 420;
  const NET_HEIGHT = 250;
  const CHART_HEIGHT = 190;
  const X = [40, 205, 370];
  const unitY = (j) => 28 + j * 49;

  const text = (x, y, content, style = "", anchor = "middle") =>
    svg(
      "text",
      { x, y, "text-anchor": anchor, style: `fill: var(--x-text); font-size: 15px; ${style}` },
      content,
    );

  function node(x, y, value, name, dropped = false) {
    const look = dropped
      ? "fill: none; stroke: var(--x-muted); stroke-dasharray: 4 3"
      : "fill: var(--x-mark); stroke: var(--x-blue); stroke-width: 1.5";
    const cross = svg("path", {
      d: `M${x - 12} ${y - 12} L${x + 12} ${y + 12} M${x + 12} ${y - 12} L${x - 12} ${y + 12}`,
      style: "stroke: var(--x-orange); stroke-width: 2",
    });
    return [
      svg("circle", { cx: x, cy: y, r: 19, style: look }),
      dropped ? cross : text(x, y + 5, short(value), "font-size: 14px"),
      name ? text(x, y - 24, name, "fill: var(--x-muted)") : [],
    ];
  }

  /** The network with the mask, or without it in test mode. */
  function drawNetwork(state, mask, now) {
    const inputs = [state.x1, state.x2];
    const inY = [85, 165];
    const lines = [];
    for (let j = 0; j < UNITS; j += 1) {
      const gone = state.mode === "train" && !mask[j];
      const line = (from, to, weight) =>
        svg("line", {
          x1: from[0] + 19,
          y1: from[1],
          x2: to[0] - 19,
          y2: to[1],
          style:
            `stroke: ${weight < 0 ? "var(--x-orange)" : "var(--x-blue)"}; ` +
            `stroke-width: ${0.8 + Math.abs(weight)}; opacity: ${gone ? 0.12 : 0.55}` +
            (weight < 0 ? "; stroke-dasharray: 6 3" : ""),
        });
      inY.forEach((y, i) => lines.push(line([X[0], y], [X[1], unitY(j)], NET.W1[j][i])));
      lines.push(line([X[1], unitY(j)], [X[2], 125], NET.w2[j]));
    }
    return [
      ...lines,
      ...inputs.map((value, i) => node(X[0], inY[i], value, "")),
      ...now.a.map((value, j) =>
        node(X[1], unitY(j), value, "", state.mode === "train" && !mask[j]),
      ),
      node(X[2], 125, now.y, "output"),
    ];
  }

  /** The outputs of all masks: place is the output, height the probability. */
  function drawChart(state, masks, marks) {
    const values = [...masks.map((m) => m.y), ...marks.map((m) => m.value)];
    let [low, high] = [Math.min(...values), Math.max(...values)];
    if (high - low < 0.02) [low, high] = [low - 0.5, high + 0.5];
    const at = (y) => 24 + ((y - low) / (high - low)) * (WIDTH - 48);
    const most = Math.max(...masks.map((m) => m.probability));
    const base = 120;
    const bars = masks.map((m) =>
      svg("line", {
        x1: at(m.y),
        x2: at(m.y),
        y1: base,
        y2: base - 6 - (84 * m.probability) / most,
        style: "stroke: var(--x-muted); stroke-width: 4; opacity: 0.5",
      }),
    );
    const pointers = marks.map((m, row) => [
      svg("line", {
        x1: at(m.value),
        x2: at(m.value),
        y1: 16,
        y2: base + 8,
        style: `stroke: ${m.color}; stroke-width: 2.5; stroke-dasharray: ${m.dash}`,
      }),
      svg("path", {
        d: `M${at(m.value)} ${base + 4} l6 11 h-12 Z`,
        style: `fill: ${m.color}`,
        transform: `translate(0 ${row * 13})`,
      }),
    ]);
    return [
      svg("line", { x1: 10, x2: WIDTH - 10, y1: base, y2: base, style: "stroke: var(--x-line)" }),
      ...bars,
      ...pointers.flat(),
      text(24, CHART_HEIGHT - 8, short(low), "fill: var(--x-muted)", "start"),
      text(WIDTH / 2, CHART_HEIGHT - 8, "output; height: probability", "fill: var(--x-muted)"),
      text(WIDTH - 24, CHART_HEIGHT - 8, short(high), "fill: var(--x-muted)", "end"),
    ];
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: sentence,
      reset: forget,
    });
    const mask = () => parseMask(state.mask);
    let drawn; // how many masks, and the sum of their outputs

    function forget() {
      drawn = { count: 0, sum: 0 };
    }

    /** As `set`, for what makes the masks so far void. */
    const setAnew = (key) => (value) => {
      forget();
      set(key)(value);
    };

    function newMasks(count) {
      for (let i = 0; i < count; i += 1) {
        const fresh = maskFrom(Array.from({ length: UNITS }, Math.random), state.p);
        state.mask = formatMask(fresh);
        drawn.count += 1;
        drawn.sum += trainOutput(state, fresh).y;
      }
      state.mode = "train";
      changed();
    }

    /* Controls */
    const mode = Exploration.choice({
      legend: "Mode",
      options: [
        ["train", "training"],
        ["test", "test"],
      ],
      onchange: set("mode"),
    });
    const output = Exploration.choice({
      legend: "Output",
      options: Object.entries(OUTPUTS).map(([key, { label }]) => [key, label]),
      onchange: setAnew("out"),
    });
    const scaling = Exploration.select({
      label: "Scaling",
      options: Object.entries(SCALINGS).map(([key, { label }]) => [key, label]),
      onchange: setAnew("scale"),
    });
    const slider = (key, label, name, min, max, step) =>
      Exploration.slider({
        label,
        name,
        min,
        max,
        step,
        limit: max,
        floor: min,
        oninput: setAnew(key),
      });
    const sliders = {
      p: slider("p", "$p$", "drop rate p", 0, 0.9, 0.05),
      x1: slider("x1", "$x_1$", "first input", -LIMIT, LIMIT, 0.1),
      x2: slider("x2", "$x_2$", "second input", -LIMIT, LIMIT, 0.1),
    };
    const units = Array.from({ length: UNITS }, (_, j) =>
      html("button", {
        type: "button",
        class: "exploration-button exploration-button-plain",
        style: "min-width: 2.6rem; padding-inline: 0.3rem",
        onclick: () => {
          const next = mask();
          next[j] = 1 - next[j];
          state.mask = formatMask(next);
          state.mode = "train";
          changed();
        },
      }),
    );
    const actions = html(
      "div",
      { class: "exploration-actions" },
      Exploration.button("New mask", () => newMasks(1), "primary"),
      Exploration.button("100 masks", () => newMasks(100)),
    );
    const byHand = html(
      "div",
      { role: "group", "aria-label": "Hidden units, kept or dropped" },
      html("p", { class: "exploration-remark" }, "Keep or drop a hidden unit, from the top:"),
      html("div", { class: "exploration-actions" }, units),
    );

    /* What the controls change */
    const picture = (height) =>
      svg("svg", {
        viewBox: `0 0 ${WIDTH} ${height}`,
        role: "img",
        style: "display: block; width: 100%; max-width: 34rem; margin: 0 auto",
      });
    const network = picture(NET_HEIGHT);
    const chart = picture(CHART_HEIGHT);
    const table = html("div");
    const verdict = html("p", { class: "exploration-score" });

    function sentence() {
      const { mean, deviation } = expected(state);
      const test = testOutput(state).y;
      return (
        `With this mask the output is ${fixed(trainOutput(state, mask()).y)}; over all ` +
        `masks the mean is ${fixed(mean)} and the standard deviation ${fixed(deviation)}; ` +
        `test mode gives ${fixed(test)}.`
      );
    }

    function draw() {
      const current = mask();
      const now = state.mode === "train" ? trainOutput(state, current) : testOutput(state);
      const { mean, deviation } = expected(state);
      const test = testOutput(state).y;
      mode.set(state.mode);
      output.set(state.out);
      scaling.set(state.scale);
      for (const [key, control] of Object.entries(sliders)) control.set(state[key]);
      units.forEach((button, j) => {
        button.textContent = current[j] ? "keep" : "drop";
        button.setAttribute("aria-pressed", String(!current[j]));
        button.setAttribute("aria-label", `Hidden unit ${j + 1}: ${current[j] ? "kept" : "dropped"}`);
      });
      const marks = [
        { value: trainOutput(state, current).y, color: "var(--x-purple)", dash: "2 3" },
        { value: mean, color: "var(--x-blue)", dash: "none" },
        { value: test, color: "var(--x-orange)", dash: "7 4" },
      ];
      network.replaceChildren(...drawNetwork(state, current, now).flat(Infinity));
      network.setAttribute(
        "aria-label",
        `The network in ${state.mode === "train" ? "training" : "test"} mode. ` + sentence(),
      );
      chart.replaceChildren(...drawChart(state, allMasks(state), marks).flat(Infinity));
      chart.setAttribute("aria-label", "Outputs of all 32 masks. " + sentence());
      const row = (name, value, color) =>
        html(
          "tr",
          null,
          html(
            "th",
            { scope: "row", style: "text-align: left" },
            html("span", { style: `color: ${color}`, "aria-hidden": "true" }, "▲ "),
            name,
          ),
          html("td", null, value),
        );
      const sampled = drawn.count === 0 ? "–" : fixed(drawn.sum / drawn.count, 3);
      table.replaceChildren(
        html(
          "table",
          { class: "exploration-table" },
          html(
            "tbody",
            null,
            row("this mask", fixed(marks[0].value, 3), "var(--x-purple)"),
            row(`mean over all 32 masks`, fixed(mean, 3), "var(--x-blue)"),
            row("test mode", fixed(test, 3), "var(--x-orange)"),
            row(`mean of ${drawn.count} drawn masks`, sampled, "transparent"),
            row("standard deviation over masks", fixed(deviation, 3), "transparent"),
          ),
        ),
      );
      const equal = Math.abs(mean - test) < 5e-4;
      verdict.textContent = equal
        ? "Mean over the masks and test mode agree."
        : `Mean over the masks minus test mode: ${fixed(mean - test, 3)}.`;
    }

    return body(
      html("div", { class: "exploration-bar" }, mode.element, output.element, scaling.element),
      html(
        "div",
        { class: "exploration-section" },
        html(
          "div",
          { class: "exploration-sliders" },
          Object.values(sliders).map((control) => control.element),
        ),
        actions,
        byHand,
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "The network and its outputs" },
        network,
        chart,
        verdict,
        table,
      ),
    );
  }

  globalThis.Exploration.mount("regularization", build);
})();
