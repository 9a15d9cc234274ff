/*
 * Exploration "backpropagation": a 2-2-1 network whose weights can be edited. Step
 * by step: forward values, cost, δ flowing back, gradients, one step of descent.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  /** σ(z) = 1/(1 + e^{−z}), without overflow for large |z|. */
  function sigmoid(z) {
    if (z >= 0) return 1 / (1 + Math.exp(-z));
    const grown = Math.exp(z);
    return grown / (1 + grown);
  }

  /** Activations of the hidden layer: f(z), and f′ from z and a = f(z). */
  const ACTIVATIONS = {
    sigmoid: { f: sigmoid, derivative: (z, a) => a * (1 - a) },
    tanh: { f: Math.tanh, derivative: (z, a) => 1 - a * a },
    relu: { f: (z) => Math.max(z, 0), derivative: (z) => (z > 0 ? 1 : 0) },
  };

  /** Costs of one example, from the output's z and a = σ(z), and δ = dC/dz. */
  const COSTS = {
    squared: {
      value: (z, a, y) => 0.5 * (a - y) ** 2,
      delta: (z, a, y) => (a - y) * a * (1 - a),
    },
    // −y ln σ(z) − (1 − y) ln(1 − σ(z)) = max(z, 0) − y z + ln(1 + e^{−|z|})
    cross_entropy: {
      value: (z, a, y) => Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z))),
      delta: (z, a, y) => a - y,
    },
  };

  /**
   * The nine parameters: W1 (2, 2), b1 (2), W2 (1, 2), b2 (1). "w112" is the weight
   * of layer 1 to unit 1 from input 2; a bias has no `col`.
   */
  const PARAMETERS = [
    { key: "w111", name: "W1", row: 0, col: 0, initial: 0.5 },
    { key: "w112", name: "W1", row: 0, col: 1, initial: -1 },
    { key: "b11", name: "b1", row: 0, initial: 0 },
    { key: "w121", name: "W1", row: 1, col: 0, initial: 1 },
    { key: "w122", name: "W1", row: 1, col: 1, initial: 0.5 },
    { key: "b12", name: "b1", row: 1, initial: 0.5 },
    { key: "w211", name: "W2", row: 0, col: 0, initial: 1 },
    { key: "w212", name: "W2", row: 0, col: 1, initial: -1.5 },
    { key: "b21", name: "b2", row: 0, initial: 0.2 },
  ];

  const entry = ({ name, row, col }, arrays) =>
    col === undefined ? arrays[name][row] : arrays[name][row][col];

  /** The arrays {W1, b1, W2, b2} from an object with the nine keys. */
  function pack(flat) {
    return {
      W1: [
        [flat.w111, flat.w112],
        [flat.w121, flat.w122],
      ],
      b1: [flat.b11, flat.b12],
      W2: [[flat.w211, flat.w212]],
      b2: [flat.b21],
    };
  }

  /** The inverse of `pack`; works for parameters and for gradients. */
  function unpack(arrays) {
    return Object.fromEntries(PARAMETERS.map((p) => [p.key, entry(p, arrays)]));
  }

  const layer = (W, b, a) =>
    W.map((row, j) => row.reduce((sum, w, k) => sum + w * a[k], 0) + b[j]);

  /**
   * Forward pass for one example.
   *
   * @param {object} parameters - {W1, b1, W2, b2}
   * @param {object} problem - {x: [x1, x2], y, activation, cost}
   * @returns {object} {z1, a1, z2, a2, cost}: arrays per layer, and C
   */
  function forward({ W1, b1, W2, b2 }, { x, y, activation, cost }) {
    const z1 = layer(W1, b1, x);
    const a1 = z1.map(ACTIVATIONS[activation].f);
    const z2 = layer(W2, b2, a1);
    const a2 = z2.map(sigmoid);
    return { z1, a1, z2, a2, cost: COSTS[cost].value(z2[0], a2[0], y) };
  }

  /**
   * Backward pass: the four equations of backpropagation.
   *
   * @param {object} cache - what `forward` returned
   * @returns {object} {delta2, delta1, W1, b1, W2, b2}: δ per layer and the gradients
   */
  function backward({ W2 }, { x, y, activation, cost }, cache) {
    const { z1, a1, z2, a2 } = cache;
    const { derivative } = ACTIVATIONS[activation];
    const delta2 = [COSTS[cost].delta(z2[0], a2[0], y)];
    const delta1 = z1.map((z, j) => W2[0][j] * delta2[0] * derivative(z, a1[j]));
    const outer = (delta, a) => delta.map((d) => a.map((value) => d * value));
    return {
      delta2,
      delta1,
      W1: outer(delta1, x),
      b1: delta1,
      W2: outer(delta2, a1),
      b2: delta2,
    };
  }

  /** The gradients of C with respect to the nine parameters, by key. */
  function gradients(flat, problem) {
    const parameters = pack(flat);
    return unpack(backward(parameters, problem, forward(parameters, problem)));
  }

  /** C for the nine parameters. */
  function costAt(flat, problem) {
    return forward(pack(flat), problem).cost;
  }

  /** The nine parameters after one step of gradient descent. */
  function descend(flat, problem, eta) {
    const gradient = gradients(flat, problem);
    return Object.fromEntries(
      PARAMETERS.map(({ key }) => [key, flat[key] - eta * gradient[key]]),
    );
  }

  /** ∂C/∂(one parameter) by the central difference (C(w + h) − C(w − h)) / 2h. */
  function finiteDifference(flat, problem, key, h = 1e-5) {
    const at = (shift) => costAt({ ...flat, [key]: flat[key] + shift }, problem);
    return (at(h) - at(-h)) / (2 * h);
  }

  /** The state that the URL's hash holds. */
  const numberField = (initial, min = -1000, max = 1000) => ({
    kind: "number",
    min,
    max,
    initial,
  });
  const STEP_COUNT = 6;
  const SCHEMA = {
    x1: numberField(1),
    x2: numberField(0.5),
    y: numberField(1, 0, 1),
    ...Object.fromEntries(
      PARAMETERS.map(({ key, initial }) => [key, numberField(initial)]),
    ),
    activation: {
      kind: "choice",
      options: Object.keys(ACTIVATIONS),
      initial: "sigmoid",
    },
    cost: { kind: "choice", options: Object.keys(COSTS), initial: "squared" },
    eta: numberField(0.5, 0, 100),
    weight: {
      kind: "choice",
      options: PARAMETERS.map(({ key }) => key),
      initial: "w112",
    },
    step: {
      kind: "choice",
      options: Array.from({ length: STEP_COUNT }, (_, i) => String(i + 1)),
      initial: "1",
      always: true,
    },
  };

  const mathematics = {
    ACTIVATIONS,
    COSTS,
    PARAMETERS,
    SCHEMA,
    sigmoid,
    pack,
    unpack,
    forward,
    backward,
    gradients,
    costAt,
    descend,
    finiteDifference,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, svgFormula, rich, short, signed, fixed, factor, tableHead } =
    globalThis.Exploration;

  const STEPS = [
    { phase: "forward", title: "Hidden layer", spoken: "hidden layer" },
    { phase: "forward", title: "Output, cost", spoken: "output and cost" },
    { phase: "backward", title: "$δ^2$", spoken: "delta of layer 2" },
    { phase: "backward", title: "$δ^1$", spoken: "delta of layer 1" },
    { phase: "backward", title: "Gradients", spoken: "gradients" },
    { phase: "descent", title: "Update", spoken: "update" },
  ];
  const FUNCTION = { sigmoid: "σ", tanh: '"tanh"', relu: '"ReLU"' };
  const DECIMALS = 4; // in formulas; the drawing shows three
  const value = (v) => short(v, DECIMALS);
  const times = (v) => factor(v, DECIMALS);

  /** "w112" → the formula W^1_{12}; "b11" → b^1_1. */
  function formulaOf(key) {
    const [kind, level, ...rest] = key;
    return kind === "w"
      ? `W^${level}_{${rest.join("")}}`
      : `b^${level}_${rest.join("")}`;
  }

  /** "w112" → "Weight input 2 → hidden 1": in lists, and for screen readers. */
  function plainName(key) {
    const [kind, level, row, col] = key;
    const to = level === "1" ? `hidden ${row}` : "output";
    if (kind === "b") return `Bias of ${to}`;
    return `Weight ${level === "1" ? "input" : "hidden"} ${col} → ${to}`;
  }

  /* ---------- The formulas of each step, with numbers ---------- */

  const sumText = (weights, inputs, bias) =>
    weights.map((w, k) => `${times(w)}·${times(inputs[k])}`).join(" + ") +
    ` + ${times(bias)}`;

  function hiddenLines({ problem, parameters, pass }) {
    const name = FUNCTION[problem.activation];
    return [1, 2].flatMap((j) => {
      const z = value(pass.z1[j - 1]);
      const sum = sumText(parameters.W1[j - 1], problem.x, parameters.b1[j - 1]);
      return [
        `$z^1_${j} = W^1_{${j}1}x_1 + W^1_{${j}2}x_2 + b^1_${j} = ${sum} = ${z}$`,
        `$a^1_${j} = ${name}(z^1_${j}) = ${name}(${z}) = ${value(pass.a1[j - 1])}$`,
      ];
    });
  }

  function outputLines({ problem, parameters, pass }) {
    const z = value(pass.z2[0]);
    const a = value(pass.a2[0]);
    const y = value(problem.y);
    const sum = sumText(parameters.W2[0], pass.a1, parameters.b2[0]);
    const cost =
      problem.cost === "squared"
        ? `$C = ½(a^2_1 − y)^2 = ½(${a} − ${y})^2 = ${value(pass.cost)}$`
        : '$C = −y "ln" a^2_1 − (1 − y) "ln"(1 − a^2_1) = ' +
          `−${y}·"ln" ${a} − ${value(1 - problem.y)}·"ln" ${value(1 - pass.a2[0])} ` +
          `= ${value(pass.cost)}$`;
    return [
      `$z^2_1 = W^2_{11}a^1_1 + W^2_{12}a^1_2 + b^2_1 = ${sum} = ${z}$`,
      `$a^2_1 = σ(z^2_1) = σ(${z}) = ${a}$`,
      cost,
    ];
  }

  function delta2Lines({ problem, pass, back }) {
    const a = value(pass.a2[0]);
    const difference = `${a} − ${value(problem.y)}`;
    const delta = value(back.delta2[0]);
    if (problem.cost === "cross_entropy") {
      return [
        `$δ^2_1 = ∂C/∂z^2_1 = a^2_1 − y = ${difference} = ${delta}$`,
        "With cross-entropy the factor $σ′(z^2_1)$ has canceled.",
      ];
    }
    const slope = value(pass.a2[0] * (1 - pass.a2[0]));
    return [
      "$δ^2_1 = ∂C/∂z^2_1 = ∂C/∂a^2_1 · σ′(z^2_1) = (a^2_1 − y) · σ′(z^2_1)$",
      `$σ′(z^2_1) = a^2_1(1 − a^2_1) = ${a}·(1 − ${a}) = ${slope}$`,
      `$δ^2_1 = (${difference})·${slope} = ${delta}$`,
    ];
  }

  function slopeText(activation, j, z, a) {
    const slope = ACTIVATIONS[activation].derivative(z, a);
    const rule = {
      sigmoid: `a^1_${j}(1 − a^1_${j}) = ${value(a)}·(1 − ${value(a)})`,
      tanh: `1 − (a^1_${j})^2 = 1 − ${times(a)}^2`,
      relu: `${slope}", because "z^1_${j}${z > 0 ? " > 0" : " ≤ 0"}`,
    }[activation];
    const result = activation === "relu" ? "" : ` = ${value(slope)}`;
    return { slope, text: `${FUNCTION[activation]}′(z^1_${j}) = ${rule}${result}` };
  }

  function delta1Lines({ problem, parameters, pass, back }) {
    const { activation } = problem;
    const name = FUNCTION[activation];
    return [1, 2].flatMap((j) => {
      const { slope, text } = slopeText(activation, j, pass.z1[j - 1], pass.a1[j - 1]);
      const product = [parameters.W2[0][j - 1], back.delta2[0], slope].map(times);
      return [
        `$${text}$`,
        `$δ^1_${j} = W^2_{1${j}} δ^2_1 · ${name}′(z^1_${j}) = ` +
          `${product.join("·")} = ${value(back.delta1[j - 1])}$`,
      ];
    });
  }

  function gradientLines({ problem, pass, back }) {
    return PARAMETERS.map(({ key, name, row, col }) => {
      const level = name[1];
      const delta = back["delta" + level][row];
      const symbol = `δ^${level}_${row + 1}`;
      const left = `∂C/∂${formulaOf(key)} = ${symbol}`;
      if (col === undefined) return `$${left} = ${value(delta)}$`;
      const input = level === "1" ? problem.x[col] : pass.a1[col];
      const inputSymbol = level === "1" ? `x_${col + 1}` : `a^1_${col + 1}`;
      const result = value(delta * input);
      return `$${left} ${inputSymbol} = ${times(delta)}·${times(input)} = ${result}$`;
    });
  }

  function updateTable({ flat, gradient, eta }) {
    const head = ["$w$", "now", "$∂C/∂w$", "$w − η ∂C/∂w$"];
    const rows = PARAMETERS.map(({ key }) =>
      html(
        "tr",
        null,
        html("th", { scope: "row" }, rich(`$${formulaOf(key)}$`)),
        html("td", null, value(flat[key])),
        html("td", null, value(gradient[key])),
        html("td", null, value(flat[key] - eta * gradient[key])),
      ),
    );
    return html(
      "table",
      { class: "exploration-table" },
      tableHead(head),
      html("tbody", null, rows),
    );
  }

  const EXPLANATIONS = [
    "Each hidden unit adds up its weighted inputs and its bias, and passes the sum " +
      "through its activation.",
    "The output unit does the same with the hidden activations. The cost compares " +
      "its activation with the target.",
    "Now backward. $δ^2$ says how the cost changes with the output's preactivation.",
    "$δ$ flows back through the same weights: each hidden unit gets its share of " +
      "$δ^2$, times its own slope.",
    "A gradient is the $δ$ where the weight ends times the activation where it " +
      "begins; the gradient of a bias is $δ$ itself.",
    "Backpropagation ends with the gradients. Gradient descent uses them: every " +
      "parameter goes a little against its gradient.",
  ];

  /** What the panel shows at a step (1 … 6), as elements. */
  function stepContent(step, view) {
    const paragraph = (text) => html("p", null, rich(text));
    const text = rich(EXPLANATIONS[step - 1]);
    const intro = html("p", { class: "exploration-intro" }, text);
    if (step === 6) {
      const after = costAt(descend(view.flat, view.problem, view.eta), view.problem);
      const promise =
        `This step would take the cost from $C = ${value(view.pass.cost)}$ to ` +
        `$C = ${value(after)}$. Nothing has changed yet.`;
      return [intro, updateTable(view), paragraph(promise)];
    }
    const lines = [hiddenLines, outputLines, delta2Lines, delta1Lines, gradientLines]
      [step - 1](view)
      .map(paragraph);
    const kind = "exploration-lines" + (step === 5 ? " exploration-lines-two" : "");
    return [intro, html("div", { class: kind }, lines)];
  }

  /* ---------- The drawing ---------- */

  const NODES = ["x1", "x2", "h1", "h2", "o", "c"];
  // `at`: where the label sits on the edge, as a fraction; `below`: where it sits when
  // the network runs from top to bottom and labels are wider than the gaps.
  const EDGES = [
    { key: "w111", from: "x1", to: "h1", at: 0.5, below: 0.73 },
    { key: "w112", from: "x2", to: "h1", at: 0.26, below: 0.18 },
    { key: "w121", from: "x1", to: "h2", at: 0.26, below: 0.18 },
    { key: "w122", from: "x2", to: "h2", at: 0.5, below: 0.73 },
    { key: "w211", from: "h1", to: "o", at: 0.5 },
    { key: "w212", from: "h2", to: "o", at: 0.5 },
    { key: null, from: "o", to: "c", at: 0.5 },
  ];
  const INPUT = { width: 78, height: 40 };
  const UNIT = { width: 116, height: 74 };
  const COST = { width: 98, height: 58 };
  const STRIP = 26; // height of the strip with δ under a unit

  /** Where the nodes are: from left to right, or from top to bottom where narrow. */
  function geometry(width) {
    const sizes = { x1: INPUT, x2: INPUT, h1: UNIT, h2: UNIT, o: UNIT, c: COST };
    const narrow = width < 560;
    const places = narrow
      ? {
          x1: [0.25, 26],
          x2: [0.75, 26],
          h1: [0.25, 190],
          h2: [0.75, 190],
          o: [0.5, 386],
          c: [0.5, 498],
        }
      : {
          x1: [0, 46],
          x2: [0, 198],
          h1: [0.295, 46],
          h2: [0.295, 198],
          o: [0.675, 122],
          c: [1, 122],
        };
    const nodes = {};
    for (const id of NODES) {
      const size = sizes[id];
      const [across, y] = places[id];
      const x = narrow
        ? across * width
        : size.width / 2 + 2 + across * (width - size.width - 4);
      nodes[id] = { x, y, ...size };
    }
    return { width, height: narrow ? 534 : 272, narrow, nodes };
  }

  /** Where the edge between two nodes leaves the first and reaches the second. */
  function ends(p, q) {
    const [dx, dy] = [q.x - p.x, q.y - p.y];
    const cut = ({ width, height }) =>
      Math.min(width / 2 / Math.abs(dx || 1e-9), height / 2 / Math.abs(dy || 1e-9));
    const [from, to] = [cut(p), 1 - cut(q)];
    return [from, to].map((t) => [p.x + t * dx, p.y + t * dy]);
  }

  const along = ([p, q], t) => [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];

  const edgeWidth = (weight) => Math.min(1 + 2.4 * Math.abs(weight), 10);

  function drawEdge({ key, from, to, at, below }, plan, view, onselect) {
    const line = ends(plan.nodes[from], plan.nodes[to]);
    const [[x1, y1], [x2, y2]] = line;
    const place = { x1, y1, x2, y2 };
    if (key === null) {
      return svg("line", { class: "exploration-edge-cost", ...place });
    }
    const weight = view.flat[key];
    const sign = weight < 0 ? "negative" : "positive";
    const [x, y] = along(line, plan.narrow ? (below ?? at) : at);
    const showGradient = view.step >= 5;
    const label = (text, classes, dy) => {
      const width = 8.2 * text.length + 4;
      const box = { x: x - width / 2, y: y + dy - 13, width, height: 17, rx: 4 };
      const place = { x, y: y + dy, "text-anchor": "middle" };
      return [
        svg("rect", { class: "exploration-edge-plate", ...box }),
        svg("text", { class: "exploration-edge-label " + classes, ...place }, text),
      ];
    };
    return svg(
      "g",
      { class: "exploration-edge", onclick: () => onselect(key) },
      svg("line", { class: "exploration-edge-hit", ...place }),
      key === view.selected
        ? svg("line", {
            class: "exploration-edge-selected",
            ...place,
            "stroke-width": edgeWidth(weight) + 10,
          })
        : null,
      svg("line", {
        class: "exploration-edge-line exploration-" + sign,
        ...place,
        "stroke-width": edgeWidth(weight),
      }),
      label(signed(weight, 2), `exploration-${sign}-text`, showGradient ? -3 : 5),
      showGradient
        ? label("∂ " + signed(view.gradient[key], 3), "exploration-delta-text", 14)
        : null,
    );
  }

  function drawBox({ x, y, width, height }, classes) {
    return svg("rect", {
      class: classes,
      x: x - width / 2,
      y: y - height / 2,
      width,
      height,
      rx: 12,
    });
  }

  const nodeText = (x, y, source, classes = "") =>
    svgFormula({ x, y, "text-anchor": "middle", class: classes }, source);

  function drawUnit(id, plan, view) {
    const node = plan.nodes[id];
    const { x, y } = node;
    const level = id === "o" ? 2 : 1;
    const j = id === "h2" ? 2 : 1;
    const name = `^${level}_${j}`;
    const known = view.step >= level;
    const active = view.step === level;
    const at = (list) => view.pass[list + level][j - 1];
    const shown = (list) => (known ? short(at(list), 3) : "?");
    const bias = `b${level}${j}`;
    const gone = known ? "" : "exploration-unknown";
    const parts = [
      drawBox(node, "exploration-node" + (active ? " exploration-node-active" : "")),
      nodeText(
        x,
        y - 17,
        `b${name} = ${signed(view.flat[bias], 2)}`,
        "exploration-bias" +
          (bias === view.selected ? " exploration-bias-selected" : ""),
      ),
      nodeText(x, y + 5, `z${name} = ${shown("z")}`, gone),
      nodeText(x, y + 27, `a${name} = ${shown("a")}`, gone),
    ];
    const deltaStep = level === 2 ? 3 : 4;
    if (view.step >= deltaStep) {
      const now = view.step === deltaStep ? " exploration-strip-active" : "";
      const delta = view.back["delta" + level][j - 1];
      const middle = y + node.height / 2 + 3 + STRIP / 2;
      parts.push(
        drawBox(
          { x, y: middle, width: node.width, height: STRIP },
          "exploration-strip" + now,
        ),
        nodeText(
          x,
          middle + 5,
          `δ${name} = ${short(delta, 3)}`,
          "exploration-delta-text",
        ),
      );
    }
    return svg("g", null, parts);
  }

  function drawNetwork(root, plan, view, onselect) {
    root.setAttribute("viewBox", `0 0 ${plan.width} ${plan.height}`);
    root.setAttribute("height", plan.height);
    const { x1, x2, c } = plan.nodes;
    const inputs = [x1, x2].map((node, i) =>
      svg(
        "g",
        null,
        drawBox(node, "exploration-node"),
        nodeText(node.x, node.y + 5, `x_${i + 1} = ${short(view.problem.x[i], 3)}`),
      ),
    );
    const known = view.step >= 2;
    const cost = svg(
      "g",
      null,
      drawBox(
        c,
        "exploration-node exploration-node-cost" +
          (view.step === 2 ? " exploration-node-active" : ""),
      ),
      nodeText(c.x, c.y - 7, `y = ${short(view.problem.y, 3)}`, "exploration-bias"),
      nodeText(
        c.x,
        c.y + 17,
        `C = ${known ? short(view.pass.cost, 4) : "?"}`,
        known ? "" : "exploration-unknown",
      ),
    );
    root.replaceChildren(
      ...EDGES.map((edge) => drawEdge(edge, plan, view, onselect)),
      ...inputs,
      ...["h1", "h2", "o"].map((id) => drawUnit(id, plan, view)),
      cost,
    );
  }

  /** Dots that run along the edges which a step uses. */
  function animateFlow(root, plan, step) {
    const into = { 1: ["h1", "h2"], 2: ["o", "c"], 3: ["c"], 4: ["o"] }[step];
    if (!into || globalThis.Exploration.reducedMotion()) return;
    const backwards = step >= 3;
    const kind = backwards ? "exploration-dot-backward" : "exploration-dot-forward";
    for (const edge of EDGES.filter(({ to }) => into.includes(to))) {
      const line = ends(plan.nodes[edge.from], plan.nodes[edge.to]);
      if (backwards) line.reverse();
      const [from, to] = line.map(([x, y]) => `translate(${x}px, ${y}px)`);
      const dot = svg("circle", { class: kind, r: 6.5, opacity: 0 });
      root.append(dot);
      const late = step === 2 && edge.to === "c" ? 600 : 0;
      const flight = dot.animate(
        [
          { transform: from, opacity: 1 },
          { transform: to, opacity: 1 },
        ],
        { duration: 750, delay: late, easing: "ease-in-out" },
      );
      flight.onfinish = () => dot.remove();
    }
  }

  /* ---------- Costs so far ---------- */

  const CHART = { width: 320, height: 92, left: 56, right: 8, top: 10, bottom: 10 };

  function drawCosts(root, costs) {
    const { width, height, left, right, top, bottom } = CHART;
    const most = Math.max(...costs, 1e-12);
    const last = costs.length - 1;
    const stride = Math.max(1, Math.ceil(costs.length / 400));
    const x = (i) => left + (i / Math.max(last, 1)) * (width - left - right);
    const y = (c) => height - bottom - (c / most) * (height - top - bottom);
    const points = costs
      .map((c, i) => [i, c])
      .filter(([i]) => i % stride === 0 || i === last)
      .map(([i, c]) => `${x(i).toFixed(1)},${y(c).toFixed(1)}`);
    root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    root.setAttribute(
      "aria-label",
      last === 0
        ? `Cost ${value(costs[0])}; no step taken yet`
        : `Cost over ${last} steps: from ${value(costs[0])} to ${value(costs[last])}`,
    );
    const label = (text, level) =>
      svg("text", { x: left - 8, y: level + 4.5, "text-anchor": "end" }, text);
    root.replaceChildren(
      svg("path", {
        class: "exploration-chart-base",
        d: `M${left} ${top} V${height - bottom} H${width - right}`,
      }),
      label(fixed(most, 3), y(most)),
      label("0", y(0)),
      svg("polyline", { class: "exploration-chart-line", points: points.join(" ") }),
      svg("circle", {
        class: "exploration-chart-dot",
        cx: x(last),
        cy: y(costs[last]),
        r: 4.5,
      }),
    );
  }

  /* ---------- Backpropagation against finite differences ---------- */

  function agreement(exact, approximate) {
    const gap = Math.abs(exact - approximate);
    if (gap === 0) return "They are equal.";
    const scale = Math.max(Math.abs(exact), Math.abs(approximate));
    if (gap > 1e-3 * scale && gap > 1e-8) return null;
    const power = Math.floor(Math.log10(gap));
    return `They differ by less than $10^{${short(power + 1, 0)}}$.`;
  }

  function checkLines(view) {
    const { selected, flat, problem, gradient } = view;
    const exact = gradient[selected];
    const approximate = finiteDifference(flat, problem, selected);
    const name = formulaOf(selected);
    const row = Number(selected[2]);
    const verdict =
      agreement(exact, approximate) ??
      `$z^1_${row}$ sits on the kink of ReLU, where there is no derivative: ` +
        "backpropagation takes the slope 0, the finite difference averages both sides.";
    const line = (label, number) =>
      html(
        "p",
        { class: "exploration-check-line" },
        html("span", null, label),
        html("output", null, fixed(number, 10)),
      );
    return [
      html("p", null, rich(`$∂C/∂${name}$ by two ways:`)),
      line("backpropagation", exact),
      line("finite difference", approximate),
      html("p", { class: "exploration-remark" }, rich(verdict)),
      html(
        "p",
        { class: "exploration-remark" },
        rich("Finite difference: $(C(w + h) − C(w − h)) / 2h$ with $h = 10^{−5}$."),
      ),
    ];
  }

  /* ---------- Everything together ---------- */

  function build(figure) {
    const { Exploration } = globalThis;
    const state = Exploration.initialState(SCHEMA);
    const live = Exploration.liveRegion();
    const flatOf = () =>
      Object.fromEntries(PARAMETERS.map(({ key }) => [key, state[key]]));
    const problemOf = () => ({
      x: [state.x1, state.x2],
      y: state.y,
      activation: state.activation,
      cost: state.cost,
    });
    let costs = [];
    let plan = null;

    const share = Exploration.shareState({
      figure,
      schema: SCHEMA,
      state,
      live,
      onload: () => edited("Setting loaded. ", false),
    });

    function currentView() {
      const flat = flatOf();
      const problem = problemOf();
      const parameters = pack(flat);
      const pass = forward(parameters, problem);
      const back = backward(parameters, problem, pass);
      return {
        flat,
        problem,
        parameters,
        pass,
        back,
        gradient: unpack(back),
        eta: state.eta,
        step: Number(state.step),
        selected: state.weight,
      };
    }

    /** After a change by hand: another network, so the record of costs begins anew. */
    function edited(said = "", save = true) {
      costs = [costAt(flatOf(), problemOf())];
      draw();
      if (save) share.save();
      live.say(`${said}Cost ${value(costs[0])}.`, 500);
    }

    /* The drawing */
    const network = svg("svg", { class: "exploration-network", role: "img" });
    const frame = html("div", { class: "exploration-network-frame" }, network);

    /* The stepper */
    const stepButtons = STEPS.map(({ phase, title }, i) =>
      html(
        "button",
        {
          type: "button",
          class: `exploration-step exploration-step-${phase}`,
          onclick: () => goTo(i + 1),
        },
        html("small", null, `${i + 1} ${phase}`),
        html("span", null, rich(title)),
      ),
    );
    const stepper = html(
      "ol",
      { class: "exploration-steps", "aria-label": "Steps of backpropagation" },
      stepButtons.map((node) => html("li", null, node)),
    );
    const back = Exploration.button("Back", () => goTo(Number(state.step) - 1));
    const next = Exploration.button(
      "Next step",
      () => goTo((Number(state.step) % STEP_COUNT) + 1),
      "primary",
    );
    const panelTitle = html("p", { class: "exploration-heading" });
    const panel = html("div", { class: "exploration-panel exploration-formulas" });

    function goTo(step) {
      state.step = String(Math.min(STEP_COUNT, Math.max(1, step)));
      draw();
      share.save();
      animateFlow(network, plan, Number(state.step));
      live.say(`Step ${state.step} of 6, ${STEPS[step - 1].spoken}. ${spokenStep()}`);
    }

    function spokenStep() {
      const { pass, back: result, gradient } = currentView();
      const list = (values) => values.map(value).join(" and ");
      return [
        `z is ${list(pass.z1)}, a is ${list(pass.a1)}.`,
        `Output ${value(pass.a2[0])}, cost ${value(pass.cost)}.`,
        `Delta of the output is ${value(result.delta2[0])}.`,
        `Delta of the hidden units is ${list(result.delta1)}.`,
        `The gradient of the selected weight is ${value(gradient[state.weight])}.`,
        "Take one step of gradient descent to change the weights.",
      ][Number(state.step) - 1];
    }

    /* Editing */
    const inputs = {};
    const field = (key, label, name, min = -1000, max = 1000) => {
      inputs[key] = Exploration.numberInput({
        name,
        min,
        max,
        step: 0.1,
        decimals: 3,
        oninput: (number) => {
          state[key] = number;
          edited();
        },
        onfocus: () => {
          if (SCHEMA.weight.options.includes(key)) choose(key);
        },
      });
      return html(
        "div",
        { class: "exploration-cell" },
        html("span", { "aria-hidden": "true" }, rich(`$${label}$`)),
        inputs[key].element,
      );
    };
    const group = (title, cells) =>
      html(
        "fieldset",
        { class: "exploration-group" },
        html("legend", null, title),
        html("div", { class: "exploration-cells" }, cells),
      );
    const parameterField = ({ key }) => field(key, formulaOf(key), plainName(key));
    const editor = [
      group("Inputs and target", [
        field("x1", "x_1", "Input x1"),
        field("x2", "x_2", "Input x2"),
        field("y", "y", "Target y, from 0 to 1", 0, 1),
      ]),
      group("Hidden layer", PARAMETERS.slice(0, 6).map(parameterField)),
      group("Output layer", PARAMETERS.slice(6).map(parameterField)),
    ];

    /* The selected weight */
    function choose(key) {
      if (state.weight === key) return;
      state.weight = key;
      draw();
      share.save();
    }
    const weight = Exploration.select({
      label: "Change",
      options: PARAMETERS.map(({ key }) => [key, plainName(key)]),
      onchange: choose,
    });
    const weightSlider = Exploration.slider({
      label: "$w$",
      name: "Selected weight",
      min: -4,
      max: 4,
      step: 0.05,
      limit: 1000,
      oninput: (number) => {
        state[state.weight] = number;
        edited();
      },
    });
    const check = html("div", { class: "exploration-check" });

    /* Descent */
    const eta = Exploration.slider({
      label: "$η$",
      name: "Learning rate",
      min: 0,
      max: 5,
      step: 0.05,
      floor: 0,
      limit: 100,
      oninput: (number) => {
        state.eta = number;
        draw();
        share.save();
      },
    });
    const descendBy = (count) => () => {
      const problem = problemOf();
      let flat = flatOf();
      for (let i = 0; i < count; i += 1) {
        flat = descend(flat, problem, state.eta);
        costs.push(costAt(flat, problem));
      }
      Object.assign(state, flat);
      draw();
      share.save();
      const before = value(costs[costs.length - 1 - count]);
      live.say(
        `${count} ${count === 1 ? "step" : "steps"} taken: the cost went from ` +
          `${before} to ${value(costs[costs.length - 1])}.`,
      );
      change.replaceChildren(
        ...rich(
          `Before: $C = ${short(costs[costs.length - 1 - count], 6)}$. ` +
            `After: $C = ${short(costs[costs.length - 1], 6)}$.`,
        ),
      );
    };
    const descent = [
      Exploration.button("Take one step of gradient descent", descendBy(1), "primary"),
      Exploration.button("Take 100 steps", descendBy(100)),
    ];
    const reset = Exploration.button("Reset", () => {
      Object.assign(state, Exploration.initialState(SCHEMA));
      edited("Back to the example of the page. ");
    });
    const costNow = html("p", { class: "exploration-equation exploration-cost" });
    const change = html("p", { class: "exploration-remark" });
    const chart = svg("svg", { class: "exploration-chart", role: "img" });

    /* The problem */
    const activation = Exploration.select({
      label: "Hidden activation",
      options: [
        ["sigmoid", "sigmoid"],
        ["tanh", "tanh"],
        ["relu", "ReLU"],
      ],
      onchange: (name) => {
        state.activation = name;
        edited();
      },
    });
    const cost = Exploration.select({
      label: "Cost",
      options: [
        ["squared", "½ (a − y)², squared error"],
        ["cross_entropy", "cross-entropy"],
      ],
      onchange: (name) => {
        state.cost = name;
        edited();
      },
    });

    function drawPicture(view) {
      const width = Math.round(frame.clientWidth) || 640;
      plan = geometry(width);
      drawNetwork(network, plan, view, choose);
      const known = [
        "A network with two inputs, two hidden units and one output.",
        `Inputs ${value(state.x1)} and ${value(state.x2)}, target ${value(state.y)}.`,
        view.step >= 2 ? `Output ${value(view.pass.a2[0])}.` : "",
        view.step >= 2 ? `Cost ${value(view.pass.cost)}.` : "",
      ];
      network.setAttribute("aria-label", known.join(" ").trim());
    }

    function draw() {
      const view = currentView();
      drawPicture(view);
      const { step } = view;
      stepButtons.forEach((node, i) => {
        if (i + 1 === step) node.setAttribute("aria-current", "step");
        else node.removeAttribute("aria-current");
      });
      back.disabled = step === 1;
      next.textContent = step === STEP_COUNT ? "Begin again" : "Next step";
      panel.dataset.phase = STEPS[step - 1].phase;
      panelTitle.replaceChildren(
        ...rich(
          `Step ${step} of 6, ${STEPS[step - 1].phase}: ${STEPS[step - 1].title}`,
        ),
      );
      panel.replaceChildren(panelTitle, ...stepContent(step, view));
      for (const [key, input] of Object.entries(inputs)) input.set(state[key]);
      activation.set(state.activation);
      cost.set(state.cost);
      eta.set(state.eta);
      weight.set(state.weight);
      weightSlider.relabel(`$${formulaOf(state.weight)}$`, plainName(state.weight));
      weightSlider.set(state[state.weight]);
      check.replaceChildren(...checkLines(view));
      const taken = costs.length - 1;
      costNow.replaceChildren(
        ...rich(
          `$C = ${value(view.pass.cost)}$ after ${taken} ` +
            `${taken === 1 ? "step" : "steps"}`,
        ),
      );
      if (taken === 0) change.textContent = "No step taken yet.";
      drawCosts(chart, costs);
    }

    const legendItem = (key, text) =>
      html("li", null, html("span", { class: key }), text);
    const element = html(
      "div",
      { class: "exploration-body" },
      html(
        "div",
        { class: "exploration-bar" },
        activation.element,
        cost.element,
        reset,
      ),
      html(
        "div",
        { class: "exploration-stack" },
        stepper,
        frame,
        html(
          "ul",
          { class: "exploration-legend" },
          legendItem("exploration-key-positive", "positive weight"),
          legendItem("exploration-key-negative", "negative weight"),
          html("li", null, "the thicker, the larger"),
        ),
        html(
          "div",
          { class: "exploration-chosen" },
          weight.element,
          weightSlider.element,
        ),
        panel,
        html("div", { class: "exploration-actions" }, back, next),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "Gradient descent" },
        html("p", { class: "exploration-heading" }, "Gradient descent"),
        html(
          "div",
          { class: "exploration-columns" },
          html(
            "div",
            null,
            html("div", { class: "exploration-actions" }, descent),
            eta.element,
          ),
          html("div", null, costNow, chart, change),
        ),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "Weights" },
        html(
          "div",
          { class: "exploration-columns" },
          html(
            "div",
            null,
            html("p", { class: "exploration-heading" }, "The numbers, to edit"),
            editor,
          ),
          html(
            "div",
            null,
            html("p", { class: "exploration-heading" }, "Is the gradient right?"),
            check,
          ),
        ),
      ),
      share.bar,
      live.element,
    );
    const start = () => {
      costs = [costAt(flatOf(), problemOf())];
      draw();
      share.load();
      let drawn = frame.clientWidth;
      new ResizeObserver(() => {
        if (frame.clientWidth === drawn) return;
        drawn = frame.clientWidth;
        drawPicture(currentView());
      }).observe(frame);
    };
    return { element, start };
  }

  globalThis.Exploration.mount("backpropagation", build);
})();
