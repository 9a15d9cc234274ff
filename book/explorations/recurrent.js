/*
 * Exploration "recurrent": one neuron that feeds back into itself, unrolled in time.
 * Its weights move, and the gradient that travels back vanishes or explodes.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  /** What the neuron reads at the times 1 … T. */
  const PATTERNS = {
    pulse: (t) => (t === 1 ? 1 : 0),
    constant: () => 1,
    alternating: (t) => (t % 2 === 1 ? 1 : -1),
  };

  /** The inputs x_1 … x_T; index 0 is not used. */
  function inputs(pattern, T) {
    return Array.from({ length: T + 1 }, (_, t) => (t === 0 ? 0 : PATTERNS[pattern](t)));
  }

  const ACTIVATIONS = {
    tanh: { f: Math.tanh, slope: (h) => 1 - h * h },
    linear: { f: (s) => s, slope: () => 1 },
  };

  /** What the neuron should say at the end. */
  const TARGET = 1;

  /**
   * States, errors and gradients of a setting {wx, wh, b, T, pattern, activation}.
   *
   * h[t]: the states, h[0] = 0; slope[t]: the derivative of the activation at time t;
   * reach[t] = ∂h_T/∂h_t; delta[t] = ∂C/∂s_t with C = (h_T − 1)²/2 and the
   * preactivation s_t; terms[t] = δ_t h_{t−1}, the part of time t in ∂C/∂w_h.
   */
  function run({ wx, wh, b, T, pattern, activation }) {
    const { f, slope } = ACTIVATIONS[activation];
    const x = inputs(pattern, T);
    const h = [0];
    for (let t = 1; t <= T; t += 1) h.push(f(wx * x[t] + wh * h[t - 1] + b));
    const slopes = h.map((value, t) => (t === 0 ? 0 : slope(value)));
    const reach = Array(T + 1).fill(1);
    for (let t = T - 1; t >= 0; t -= 1) reach[t] = reach[t + 1] * slopes[t + 1] * wh;
    const error = h[T] - TARGET;
    const delta = reach.map((value, t) => (t === 0 ? 0 : error * value * slopes[t]));
    const terms = delta.map((value, t) => (t === 0 ? 0 : value * h[t - 1]));
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    return {
      x,
      h,
      slopes,
      reach,
      delta,
      terms,
      cost: (error * error) / 2,
      gradient: {
        wx: sum(delta.map((value, t) => value * x[t])),
        wh: sum(terms),
        b: sum(delta),
      },
    };
  }

  /** The gradient, shortened to the length `bound` where it is longer. */
  function clip(gradient, bound) {
    const norm = Math.hypot(...Object.values(gradient));
    const factor = norm > bound ? bound / norm : 1;
    const scaled = Object.entries(gradient).map(([key, value]) => [key, value * factor]);
    return { norm, clipped: Object.fromEntries(scaled) };
  }

  /** Whether the first state still matters at the end. */
  function verdict(reach) {
    const size = Math.abs(reach[1]);
    if (size < 0.01) return "vanishes";
    return size > 100 ? "explodes" : "arrives";
  }

  /** The state that the URL's hash holds. */
  const LIMIT = 5;
  const number = (initial, min, max) => ({ kind: "number", min, max, initial });
  const SCHEMA = {
    wx: number(1, -LIMIT, LIMIT),
    wh: { ...number(0.5, -LIMIT, LIMIT), always: true },
    b: number(0, -LIMIT, LIMIT),
    T: { ...number(3, 2, 30), whole: true, always: true },
    pattern: { kind: "choice", options: Object.keys(PATTERNS), initial: "pulse" },
    activation: { kind: "choice", options: Object.keys(ACTIVATIONS), initial: "tanh" },
  };

  const mathematics = { SCHEMA, TARGET, inputs, run, clip, verdict };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, tableHead } = globalThis.Exploration;
  const WIDTH = 400;
  const LEFT = 66;
  const RIGHT = 10;
  const DECADES = 8; // the lower chart reaches from 10⁻⁸ to 10⁸
  const STATE = { middle: 78, half: 54 }; // of the upper chart
  const REACH = { middle: 270, half: 90 };
  const HEIGHT = 400;
  const BOUND = 5;

  /** A number of any size as a formula. */
  function magnitude(value) {
    const size = Math.abs(value);
    if (size === 0 || (size >= 0.001 && size < 1e4)) {
      return short(value, size < 100 ? 4 : 0);
    }
    const [digits, power] = value.toExponential(1).split("e");
    const sign = digits.startsWith("-") ? "\u2212" : "";
    const exponent = power.replace("+", "").replace("-", "\u2212");
    return `${sign}${digits.replace("-", "")}·10^{${exponent}}`;
  }

  const words = (value) => {
    const size = Math.abs(value);
    if (size === 0 || (size >= 0.001 && size < 1e4)) return short(value, 3);
    return `10 to the power ${Math.round(Math.log10(size))}`;
  };

  /** The two charts: states, and how far a change of each state reaches. */
  function drawCharts({ h, reach }, T) {
    const step = (WIDTH - LEFT - RIGHT) / (T + 1);
    const middle = (t) => LEFT + step * (t + 0.5);
    const bar = Math.min(26, 0.7 * step);
    const most = Math.max(1, ...h.map(Math.abs));
    const text = (x, y, label, anchor = "middle") =>
      globalThis.Exploration.svgFormula(
        { class: "exploration-time-label", x, y, "text-anchor": anchor },
        label,
      );
    const line = (y, kind) =>
      svg("line", { class: kind, x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y });
    const block = (t, from, to, kind) =>
      svg("rect", {
        class: kind,
        x: middle(t) - bar / 2,
        y: Math.min(from, to),
        width: bar,
        height: Math.max(1.5, Math.abs(from - to)),
      });

    const states = h.map((value, t) => {
      const end = STATE.middle - (value / most) * STATE.half;
      return block(t, STATE.middle, end, "exploration-time-state");
    });
    const bars = reach.map((value, t) => {
      const size = Math.abs(value);
      const log = size === 0 ? -DECADES : Math.log10(size);
      const shown = Math.max(-DECADES, Math.min(DECADES, log));
      const end = REACH.middle - (shown / DECADES) * REACH.half;
      const kind = log > 0 ? "exploration-time-grows" : "exploration-time-shrinks";
      return block(t, REACH.middle, end, kind);
    });
    const every = T <= 12 ? 1 : 5;
    const ticks = h
      .map((_, t) => t)
      .filter((t) => t % every === 0)
      .map((t) => text(middle(t), HEIGHT - 22, String(t)));
    return [
      text(LEFT, 16, "h_t", "start"),
      text(LEFT - 8, STATE.middle - STATE.half + 5, magnitude(most), "end"),
      text(LEFT - 8, STATE.middle + 5, "0", "end"),
      text(LEFT - 8, STATE.middle + STATE.half + 5, magnitude(-most), "end"),
      line(STATE.middle, "exploration-time-axis"),
      ...states,
      text(LEFT, REACH.middle - REACH.half - 14, "|∂h_T/∂h_t|", "start"),
      ...[DECADES, DECADES / 2, 0, -DECADES / 2, -DECADES].flatMap((power) => {
        const y = REACH.middle - (power / DECADES) * REACH.half;
        const label = power === 0 ? "1" : `10^{${short(power, 0)}}`;
        const kind = power === 0 ? "exploration-time-axis" : "exploration-time-grid";
        return [line(y, kind), text(LEFT - 8, y + 5, label, "end")];
      }),
      ...bars,
      ...ticks,
      text((LEFT + WIDTH) / 2, HEIGHT - 3, '"time" t'),
    ];
  }

  /** The rows of the table: all times, or the first and the last ones. */
  function shownTimes(T) {
    const all = Array.from({ length: T }, (_, i) => i + 1);
    return T <= 8 ? all : [...all.slice(0, 3), null, ...all.slice(-4)];
  }

  function tableOf(result, T) {
    const head = ["$t$", "$x_t$", "$h_t$", "$∂h_T/∂h_t$", "$δ_t$", "$δ_t h_{t−1}$"];
    const row = (t) => {
      if (t === null) {
        return html("tr", null, html("td", { colspan: head.length }, "…"));
      }
      const cells = [
        short(result.x[t], 0),
        ...["h", "reach", "delta", "terms"].map((key) => magnitude(result[key][t])),
      ];
      return html(
        "tr",
        null,
        html("th", { scope: "row" }, String(t)),
        cells.map((cell) => html("td", null, rich(`$${cell}$`))),
      );
    };
    return [
      html("caption", null, "What every moment adds to the gradient"),
      tableHead(head),
      html("tbody", null, shownTimes(T).map(row)),
    ];
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
    const show = (values) => () => {
      Object.assign(state, values);
      changed();
    };

    /* Controls */
    const activation = Exploration.choice({
      legend: "Activation",
      options: [
        ["tanh", "tanh"],
        ["linear", "linear"],
      ],
      onchange: set("activation"),
    });
    const pattern = Exploration.choice({
      legend: "Input",
      options: [
        ["pulse", "1, 0, 0 …"],
        ["constant", "1, 1, 1 …"],
        ["alternating", "1, \u22121, 1 …"],
      ],
      onchange: set("pattern"),
    });
    const weight = (key, label, name) =>
      Exploration.slider({
        label,
        name,
        min: -3,
        max: 3,
        step: 0.05,
        limit: LIMIT,
        oninput: set(key),
      });
    const sliders = {
      wh: weight("wh", "$w_h$", "Recurrent weight"),
      wx: weight("wx", "$w_x$", "Weight of the input"),
      b: weight("b", "$b$", "Bias"),
      T: Exploration.slider({
        label: "$T$",
        name: "Number of moments",
        min: 2,
        max: 30,
        step: 1,
        limit: 30,
        floor: 2,
        oninput: set("T"),
      }),
    };
    const presets = html(
      "div",
      { class: "exploration-actions" },
      Exploration.button(
        "Example",
        show({ wx: 1, wh: 0.5, b: 0, T: 3, pattern: "pulse", activation: "tanh" }),
      ),
      Exploration.button(
        "Vanish",
        show({ wx: 1, wh: 0.8, b: 0, T: 30, pattern: "pulse", activation: "tanh" }),
      ),
      Exploration.button(
        "Explode",
        show({ wx: 1, wh: 1.5, b: 0, T: 30, pattern: "pulse", activation: "linear" }),
      ),
    );

    /* What the controls change */
    const chart = svg("svg", {
      class: "exploration-time",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
    });
    const table = html("table", { class: "exploration-table" });
    const lines = html("div", { class: "exploration-panel" });
    const outcome = html("p", { class: "exploration-score" });
    const conclusion = html("div", { class: "exploration-time-outcome" }, outcome);

    function spoken() {
      const result = run(state);
      const ends = verdict(result.reach);
      return (
        `The gradient ${ends}: a change of the first state is multiplied by ` +
        `${words(result.reach[1])}. The gradient of the recurrent weight is ` +
        `${words(result.gradient.wh)}.`
      );
    }

    function draw() {
      const { T } = state;
      const result = run(state);
      activation.set(state.activation);
      pattern.set(state.pattern);
      for (const [key, slider] of Object.entries(sliders)) slider.set(state[key]);
      chart.replaceChildren(...drawCharts(result, T));
      chart.setAttribute(
        "aria-label",
        `Above, the states at the times 0 to ${T}. Below, on a logarithmic axis, the ` +
          `factor by which a change of each state arrives at the end: for the first ` +
          `state ${words(result.reach[1])}.`,
      );
      table.replaceChildren(...tableOf(result, T));
      const { norm, clipped } = clip(result.gradient, BOUND);
      const { wh } = result.gradient;
      const length =
        norm > BOUND
          ? `The gradient has the length $${magnitude(norm)}$. Clipped to ${BOUND}, ` +
            `$∂C/∂w_h = ${magnitude(clipped.wh)}$.`
          : `The gradient has the length $${magnitude(norm)}$: clipping at ${BOUND} ` +
            "changes nothing.";
      lines.replaceChildren(
        html("p", null, rich(`$C = ½(h_T − 1)^2 = ${magnitude(result.cost)}$`)),
        html("p", null, rich(`$∂C/∂w_h = Σ_t δ_t h_{t−1} = ${magnitude(wh)}$`)),
        html("p", null, rich(length)),
      );
      const ends = verdict(result.reach);
      outcome.replaceChildren(
        ...rich(`The gradient ${ends}: $∂h_T/∂h_1 = ${magnitude(result.reach[1])}$.`),
      );
    }

    return body(
      html("div", { class: "exploration-bar" }, activation.element, pattern.element),
      html(
        "div",
        { class: "exploration-columns" },
        html(
          "div",
          null,
          html(
            "div",
            { class: "exploration-sliders" },
            Object.values(sliders).map((slider) => slider.element),
          ),
          presets,
          conclusion,
          lines,
        ),
        html("div", null, chart),
      ),
      html(
        "section",
        {
          class: "exploration-section exploration-scroll",
          "aria-label": "Every moment",
          tabindex: 0,
        },
        table,
      ),
    );
  }

  globalThis.Exploration.mount("recurrent", build);
})();
