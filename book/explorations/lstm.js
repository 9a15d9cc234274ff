/*
 * Exploration "lstm": one LSTM cell with one unit reads eight numbers. Turn the
 * weights of its gates and watch what enters, what is kept and what is shown.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const GATES = ["i", "f", "g", "o"];
  const PARTS = ["w", "u", "b"];
  const STEPS = 8;
  const LIMIT = 20;

  /** The sigmoid, without overflow. */
  function sigmoid(z) {
    return 0.5 * (1 + Math.tanh(0.5 * z));
  }

  /**
   * One step of the cell. `weights` holds wi, ui, bi, wf, … bo: the preactivation of
   * gate k is w x + u h + b with its own w, u and b.
   */
  function step(weights, x, { h, c }) {
    const z = {};
    for (const k of GATES) {
      z[k] = weights["w" + k] * x + weights["u" + k] * h + weights["b" + k];
    }
    const [i, f, o] = [sigmoid(z.i), sigmoid(z.f), sigmoid(z.o)];
    const g = Math.tanh(z.g);
    const cell = f * c + i * g;
    return { x, z, i, f, g, o, before: c, c: cell, h: o * Math.tanh(cell) };
  }

  /** The steps of a whole sequence, from h = c = 0. */
  function run(weights, xs) {
    const steps = [];
    let state = { h: 0, c: 0 };
    for (const x of xs) {
      state = step(weights, x, state);
      steps.push(state);
    }
    return steps;
  }

  /** How much of each cell state is left at the end: products of later f. */
  function memory(steps) {
    const left = steps.map(() => 1);
    for (let t = steps.length - 2; t >= 0; t -= 1) left[t] = left[t + 1] * steps[t + 1].f;
    return left;
  }

  /** A sequence as text, "10m00000" with m for −1, as numbers; null where it is none. */
  function parseInputs(text) {
    if (!/^[01m]{8}$/.test(text)) return null;
    return [...text].map((sign) => (sign === "m" ? -1 : Number(sign)));
  }

  /** The text of a sequence of −1, 0 and 1. */
  function formatInputs(xs) {
    return xs.map((x) => (x === -1 ? "m" : String(x))).join("");
  }

  /* Settings worth a look: weights as (w, u, b) for i, f, g, o, and a sequence. */
  const PRESETS = {
    page: {
      label: "the example of the page",
      weights: [4, 0, -2, 0, 0, 2, 2, 0, 0, 0, 0, 1],
      inputs: "10000000",
    },
    keep: {
      label: "keep: the forget gate is open",
      weights: [4, 0, -2, 0, 0, 6, 2, 0, 0, 0, 0, 1],
      inputs: "10000000",
    },
    forget: {
      label: "forget: the forget gate is shut",
      weights: [4, 0, -2, 0, 0, -6, 2, 0, 0, 0, 0, 1],
      inputs: "10010010",
    },
    count: {
      label: "count: add up what comes",
      weights: [0, 0, 8, 0, 0, 8, 0.6, 0, 0, 0, 0, 8],
      inputs: "11101011",
    },
    erase: {
      label: "erase: −1 wipes the memory",
      weights: [4, 0, -2, 8, 0, 4, 4, 0, 0, 0, 0, 2],
      inputs: "1000m001",
    },
    hide: {
      label: "hide: remember, show only at −1",
      weights: [8, 0, -4, 0, 0, 8, 4, 0, 0, -10, 0, -5],
      inputs: "1000m00m",
    },
  };

  /** The weights of a preset by name: wi, ui, bi, … */
  function presetWeights(key) {
    const names = GATES.flatMap((gate) => PARTS.map((part) => part + gate));
    return Object.fromEntries(names.map((name, i) => [name, PRESETS[key].weights[i]]));
  }

  /* The state that the URL's hash holds. */
  const SEQUENCES = { includes: (text) => parseInputs(text) !== null };
  const number = (initial) => ({ kind: "number", min: -LIMIT, max: LIMIT, initial });
  const SCHEMA = {
    inputs: {
      kind: "choice",
      options: SEQUENCES,
      initial: PRESETS.page.inputs,
      always: true,
    },
    ...Object.fromEntries(
      Object.entries(presetWeights("page")).map(([name, value]) => [name, number(value)]),
    ),
    gate: { kind: "choice", options: GATES, initial: "f" },
    at: { kind: "number", whole: true, min: 1, max: STEPS, initial: 2 },
  };

  const mathematics = {
    GATES,
    PRESETS,
    SCHEMA,
    sigmoid,
    step,
    run,
    memory,
    parseInputs,
    formatInputs,
    presetWeights,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, fixed, factor, short } = globalThis.Exploration;

  const TITLES = {
    i: "input gate i",
    f: "forget gate f",
    g: "candidate g",
    o: "output gate o",
  };
  const ROWS = [
    ["x", "input", 1, "var(--x-control)"],
    ["i", "enters", 0, "var(--x-green)"],
    ["f", "is kept", 0, "var(--x-green)"],
    ["o", "is shown", 0, "var(--x-green)"],
    ["g", "candidate", 1, "var(--x-orange)"],
    ["c", "cell state", 2, "var(--x-blue)"],
    ["h", "output", 1, "var(--x-purple)"],
  ];
  const LEFT = 92;
  const COLUMN = 42;
  const ROW = 50;
  const HEAD = 22;
  const WIDTH = LEFT + STEPS * COLUMN + 6;
  const HEIGHT = HEAD + ROWS.length * ROW + 4;

  const text = (x, y, content, style = "", anchor = "start") =>
    svg(
      "text",
      { x, y, "text-anchor": anchor, style: `fill: var(--x-text); font-size: 13px; ${style}` },
      content,
    );

  /** The bars of one quantity over time; `kind` 0: 0…1, 1: −1…1, 2: as it needs. */
  function bars(steps, [key, , kind, color], top) {
    const values = steps.map((at) => at[key]);
    const most = kind === 2 ? Math.max(1, ...values.map(Math.abs)) : 1;
    const height = ROW - 22;
    const zero = kind === 0 ? top + height : top + height / 2;
    const unit = (kind === 0 ? height : height / 2) / most;
    const base = svg("line", {
      x1: LEFT,
      x2: LEFT + STEPS * COLUMN,
      y1: zero,
      y2: zero,
      style: "stroke: var(--x-line)",
    });
    return [
      base,
      values.map((value, t) => {
        const size = Math.abs(value) * unit;
        const x = LEFT + t * COLUMN + 9;
        return [
          svg("rect", {
            x,
            y: value < 0 ? zero : zero - size,
            width: COLUMN - 18,
            height: Math.max(size, 0.6),
            style: `fill: ${color}`,
          }),
          text(
            x + COLUMN / 2 - 9,
            top + ROW - 9,
            key === "x" ? short(value) : fixed(value),
            "font-size: 11px; fill: var(--x-muted)",
            "middle",
          ),
        ];
      }),
    ];
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: sentence,
    });
    const inputs = () => parseInputs(state.inputs);

    /* Controls */
    const preset = Exploration.select({
      label: "Try",
      options: [
        ["", "your own weights"],
        ...Object.entries(PRESETS).map(([key, { label }]) => [key, label]),
      ],
      onchange: (key) => {
        if (key === "") return;
        Object.assign(state, presetWeights(key), { inputs: PRESETS[key].inputs });
        changed();
      },
    });
    const gate = Exploration.choice({
      legend: "Weights of the",
      options: GATES.map((key) => [key, TITLES[key]]),
      onchange: set("gate"),
    });
    const says = {
      w: ["$w$", "weight of the input x"],
      u: ["$u$", "weight of the last output h"],
      b: ["$b$", "bias"],
    };
    const sliders = PARTS.map((part) =>
      Exploration.slider({
        label: says[part][0],
        name: says[part][1],
        min: -10,
        max: 10,
        step: 0.1,
        limit: LIMIT,
        oninput: (value) => {
          state[part + state.gate] = value;
          changed();
        },
      }),
    );
    const numbers = Array.from({ length: STEPS }, (_, t) =>
      html("button", {
        type: "button",
        class: "exploration-button exploration-button-plain",
        style: "min-width: 2.6rem; padding-inline: 0.3rem",
        onclick: () => {
          const xs = inputs();
          xs[t] = { 0: 1, 1: -1, [-1]: 0 }[xs[t]];
          state.inputs = formatInputs(xs);
          state.at = t + 1;
          changed();
        },
      }),
    );
    const sequence = html(
      "div",
      { role: "group", "aria-label": "The eight inputs" },
      html("p", { class: "exploration-remark" }, "The inputs; press one to change it:"),
      html("div", { class: "exploration-actions" }, numbers),
    );
    const at = html("input", {
      type: "range",
      class: "exploration-range",
      "aria-label": "Step",
      min: 1,
      max: STEPS,
      step: 1,
      oninput: () => {
        state.at = Number(at.value);
        changed();
      },
    });

    /* What the controls change */
    const chart = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      style: "display: block; width: 100%; max-width: 36rem; margin: 0 auto",
    });
    const lines = html("div", { class: "exploration-panel" });
    const verdict = html("p", { class: "exploration-score" });

    function sentence() {
      const steps = run(state, inputs());
      const { f, i, o, c, h } = steps[state.at - 1];
      const left = memory(steps)[state.at - 1];
      return (
        `Step ${state.at}: ${fixed(f)} of the memory is kept, ${fixed(i)} of the ` +
        `candidate enters, ${fixed(o)} is shown; c = ${fixed(c)}, h = ${fixed(h)}. ` +
        `Of this cell state ${fixed(left, 3)} is left at the end.`
      );
    }

    function equations({ x, z, i, f, g, o, before, c, h }, previous) {
      const gateLine = (key, name, value) => {
        const [w, u, b] = PARTS.map((part) => state[part + key]);
        return html(
          "p",
          null,
          rich(`$${key}_{${state.at}}$`),
          ` = ${name}(${short(w)}·${factor(x)} + ${factor(u)}·${factor(previous)} + ` +
            `${factor(b)}) = ${name}(${short(z[key])}) = ${fixed(value, 3)}`,
        );
      };
      return [
        gateLine("i", "σ", i),
        gateLine("f", "σ", f),
        gateLine("g", "tanh", g),
        gateLine("o", "σ", o),
        html(
          "p",
          null,
          rich(`$c_{${state.at}}$`),
          ` = f c + i g = ${fixed(f, 3)}·${factor(before, 3)} + ` +
            `${fixed(i, 3)}·${factor(g, 3)} = ${fixed(c, 3)}`,
        ),
        html(
          "p",
          null,
          rich(`$h_{${state.at}}$`),
          ` = o tanh(c) = ${fixed(o, 3)}·${factor(Math.tanh(c), 3)} = ${fixed(h, 3)}`,
        ),
      ];
    }

    function draw() {
      const steps = run(state, inputs());
      const known = Object.keys(PRESETS).find((key) => {
        const weights = presetWeights(key);
        const same = Object.keys(weights).every((name) => weights[name] === state[name]);
        return same && PRESETS[key].inputs === state.inputs;
      });
      preset.set(known ?? "");
      gate.set(state.gate);
      sliders.forEach((slider, index) => {
        const part = PARTS[index];
        slider.relabel(`$${part}_${state.gate}$`, `${says[part][1]}, ${TITLES[state.gate]}`);
        slider.set(state[part + state.gate]);
      });
      numbers.forEach((button, t) => {
        button.textContent = short(inputs()[t]);
        button.setAttribute("aria-label", `Input ${t + 1}: ${inputs()[t]}`);
      });
      at.value = state.at;
      at.setAttribute("aria-valuetext", `step ${state.at} of ${STEPS}`);
      const mark = svg("rect", {
        x: LEFT + (state.at - 1) * COLUMN + 1,
        y: 2,
        width: COLUMN - 2,
        height: HEIGHT - 4,
        rx: 4,
        style: "fill: var(--x-mark)",
      });
      const columns = steps.map((_, t) =>
        svg("rect", {
          x: LEFT + t * COLUMN,
          y: 0,
          width: COLUMN,
          height: HEIGHT,
          style: "fill: transparent; cursor: pointer",
          onclick: () => {
            state.at = t + 1;
            changed();
          },
        }),
      );
      chart.replaceChildren(
        mark,
        text(8, 15, "step t", "fill: var(--x-muted)"),
        ...steps.map((_, t) =>
          text(LEFT + (t + 0.5) * COLUMN, 15, String(t + 1), "", "middle"),
        ),
        ...ROWS.flatMap((row, index) => {
          const top = HEAD + index * ROW + 4;
          return [
            text(8, top + 18, row[0], "font-style: italic; font-size: 15px"),
            text(24, top + 18, row[1], "fill: var(--x-muted); font-size: 12px"),
            ...bars(steps, row, top).flat(Infinity),
          ];
        }),
        ...columns,
      );
      chart.setAttribute(
        "aria-label",
        "Inputs, gates, cell state and output over eight steps. " + sentence(),
      );
      const previous = state.at === 1 ? 0 : steps[state.at - 2].h;
      lines.replaceChildren(...equations(steps[state.at - 1], previous));
      const left = memory(steps)[state.at - 1];
      verdict.textContent =
        `Of the cell state after step ${state.at}, the share ${fixed(left, 3)} is left ` +
        `after step ${STEPS}.`;
    }

    return body(
      html("div", { class: "exploration-bar" }, preset.element, sequence),
      html(
        "div",
        { class: "exploration-section" },
        gate.element,
        html(
          "div",
          { class: "exploration-sliders", style: "margin-top: 0.6rem" },
          sliders.map((slider) => slider.element),
        ),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "What the cell does" },
        chart,
        at,
        verdict,
        lines,
      ),
    );
  }

  globalThis.Exploration.mount("lstm", build);
})();
