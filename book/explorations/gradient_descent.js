/*
 * Exploration "gradient_descent": a ball on the peaks surface. Choose a start, an
 * optimizer and its learning rate, and see which minimum the ball reaches.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const LOW = -3;
  const HIGH = 3;
  const MOST_STEPS = 500;

  /** The height f(x, y) of the surface. */
  function peaks([x, y]) {
    return (
      3 * (x - 1) ** 2 * Math.exp(-(x ** 2) - (y + 1) ** 2) -
      Math.exp(-((x + 1) ** 2) - y ** 2) / 3 +
      (10 * x ** 3 - 2 * x + 10 * y ** 5) * Math.exp(-(x ** 2) - y ** 2)
    );
  }

  /** The gradient of f, by the product rule, term by term. */
  function gradient([x, y]) {
    const hill = 3 * Math.exp(-(x ** 2) - (y + 1) ** 2);
    const dent = Math.exp(-((x + 1) ** 2) - y ** 2) / 3;
    const bell = Math.exp(-(x ** 2) - y ** 2);
    const wave = 10 * x ** 3 - 2 * x + 10 * y ** 5;
    return [
      2 * hill * (x - 1) * (1 - x * (x - 1)) +
        2 * (x + 1) * dent +
        bell * (30 * x ** 2 - 2 - 2 * x * wave),
      -2 * hill * (y + 1) * (x - 1) ** 2 +
        2 * y * dent +
        bell * (50 * y ** 4 - 2 * y * wave),
    ];
  }

  /** The points where the gradient is zero; bound is 2/λ_max of a minimum. */
  const CRITICAL = [
    { kind: "minimum", name: "A", at: [0.228279, -1.625535], bound: 0.0663 },
    { kind: "minimum", name: "B", at: [-1.347396, 0.204519], bound: 0.1284 },
    { kind: "minimum", name: "C", at: [0.296446, 0.320196], bound: 0.1266 },
    { kind: "saddle", name: "", at: [0.416323, -0.394145] },
    { kind: "saddle", name: "", at: [-0.265938, 0.46674] },
    { kind: "saddle", name: "", at: [1.098273, 0.854461] },
    { kind: "maximum", name: "", at: [1.285685, -0.004848] },
    { kind: "maximum", name: "", at: [-0.460025, -0.629197] },
    { kind: "maximum", name: "", at: [-0.009318, 1.581368] },
  ];

  /**
   * The optimizers, in PyTorch's form and with its default constants. Each takes the
   * ball's memory {velocity, squares, t} of one coordinate, its gradient g and the
   * settings, and returns [move, velocity, squares]; the move is subtracted times η.
   */
  const OPTIMIZERS = {
    plain: (memory, g) => [g, 0, 0],
    momentum(memory, g, { mu }) {
      const velocity = mu * memory.velocity + g;
      return [velocity, velocity, 0];
    },
    rmsprop(memory, g) {
      const squares = 0.99 * memory.squares + 0.01 * g * g;
      return [g / (Math.sqrt(squares) + 1e-8), 0, squares];
    },
    adam(memory, g) {
      const velocity = 0.9 * memory.velocity + 0.1 * g;
      const squares = 0.999 * memory.squares + 0.001 * g * g;
      const mean = velocity / (1 - 0.9 ** memory.t);
      const size = squares / (1 - 0.999 ** memory.t);
      return [mean / (Math.sqrt(size) + 1e-8), velocity, squares];
    },
  };

  /** A ball that has not moved. */
  function ballAt(at) {
    return { at, velocity: [0, 0], squares: [0, 0], t: 0 };
  }

  /** The ball after one step; the given ball is left as it is. */
  function step(ball, settings) {
    const g = gradient(ball.at);
    const t = ball.t + 1;
    const next = { at: [], velocity: [], squares: [], t };
    for (const i of [0, 1]) {
      const memory = { velocity: ball.velocity[i], squares: ball.squares[i], t };
      const rule = OPTIMIZERS[settings.optimizer];
      const [move, velocity, squares] = rule(memory, g[i], settings);
      next.at.push(ball.at[i] - settings.eta * move);
      next.velocity.push(velocity);
      next.squares.push(squares);
    }
    return next;
  }

  /** The balls of a run of `steps` steps, the start included. */
  function run(start, settings, steps) {
    const balls = [ballAt(start)];
    while (balls.length <= steps) {
      balls.push(step(balls[balls.length - 1], settings));
    }
    return balls;
  }

  const distance = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);

  /**
   * Where a run has come to: {kind, point} with kind "minimum", "balanced" (on a saddle
   * or a maximum), "jumping" (to and fro between two places), "plateau" (flat, and far
   * from every critical point), "outside" (off the map) or "moving".
   */
  function outcome(balls) {
    const { at } = balls[balls.length - 1];
    const slope = Math.hypot(...gradient(at));
    const before = balls[balls.length - 2];
    const moved = before ? distance(at, before.at) : 0;
    const point = CRITICAL.find((p) => distance(p.at, at) < 0.02) ?? null;
    if (point && slope < 0.02 && moved < 1e-3) {
      // Before the first step a ball near a minimum has not shown that it stays.
      if (point.kind !== "minimum") return { kind: "balanced", point };
      if (before) return { kind: "minimum", point };
    }
    const earlier = balls[balls.length - 3];
    if (balls.length > 20 && moved > 0.02 && distance(at, earlier.at) < 1e-3) {
      return { kind: "jumping", point: null };
    }
    if (Math.max(...at.map(Math.abs)) > HIGH) return { kind: "outside", point: null };
    if (!point && slope < 0.02 && moved < 1e-3) return { kind: "plateau", point: null };
    return { kind: "moving", point: null };
  }

  /** Whether a run of this outcome need not go on. */
  const isOver = (kind) => kind !== "moving";

  /** The heights on a grid of n × n points that spans the map, row by row. */
  function heights(n) {
    const place = (i) => LOW + ((HIGH - LOW) * i) / (n - 1);
    return Array.from({ length: n }, (_, j) =>
      Array.from({ length: n }, (_, i) => peaks([place(i), place(j)])),
    );
  }

  /**
   * The region f ≥ level of the map as closed loops of points [x, y] (marching
   * squares). A ring of low values around the grid closes the loops along the frame.
   */
  function contour(level, grid) {
    const n = grid.length;
    const inner = (i) => Math.min(n - 1, Math.max(0, i - 1));
    const place = (i) => LOW + ((HIGH - LOW) * inner(i)) / (n - 1);
    const isRing = (i, j) => i === 0 || j === 0 || i === n + 1 || j === n + 1;
    const value = (i, j) => (isRing(i, j) ? level - 1 : grid[inner(j)][inner(i)]);
    const crossing = ([i, j], [k, l]) => {
      const [a, b] = [value(i, j), value(k, l)];
      const t = (level - a) / (b - a);
      return [
        place(i) + t * (place(k) - place(i)),
        place(j) + t * (place(l) - place(j)),
      ];
    };
    // The edge between two neighbors: its lower left end, and whether it stands upright.
    const name = ([i, j], [k, l]) =>
      2 * (Math.min(i, k) * (n + 2) + Math.min(j, l)) + (i === k ? 1 : 0);
    // In each cell the border runs from where a walk round the cell leaves the region
    // to where it enters it again; the neighbor goes on from there.
    const next = new Map();
    for (let i = 0; i <= n; i += 1) {
      for (let j = 0; j <= n; j += 1) {
        const corners = [
          [i, j],
          [i + 1, j],
          [i + 1, j + 1],
          [i, j + 1],
        ];
        const inside = corners.map(([k, l]) => value(k, l) >= level);
        if (inside.every(Boolean)) continue;
        for (let e = 0; e < 4; e += 1) {
          const f = (e + 1) % 4;
          if (!inside[e] || inside[f]) continue;
          let h = f;
          while (inside[h] || !inside[(h + 1) % 4]) h = (h + 1) % 4;
          next.set(name(corners[e], corners[f]), {
            to: name(corners[h], corners[(h + 1) % 4]),
            point: crossing(corners[e], corners[f]),
          });
        }
      }
    }
    const loops = [];
    while (next.size > 0) {
      const loop = [];
      let [key] = next.keys();
      while (next.has(key)) {
        const { to, point } = next.get(key);
        next.delete(key);
        loop.push(point);
        key = to;
      }
      loops.push(loop);
    }
    return loops;
  }

  /** The state that the URL's hash holds. */
  const coordinate = (initial) => ({
    kind: "number",
    min: LOW,
    max: HIGH,
    initial,
    always: true,
  });
  const SCHEMA = {
    optimizer: {
      kind: "choice",
      options: Object.keys(OPTIMIZERS),
      initial: "plain",
      always: true,
    },
    x: coordinate(0.2),
    y: coordinate(1.2),
    eta: { kind: "number", min: 0.001, max: 1, initial: 0.01, always: true },
    mu: { kind: "number", min: 0, max: 0.99, initial: 0.9 },
    steps: { kind: "number", whole: true, min: 0, max: MOST_STEPS, initial: 0 },
  };

  const mathematics = {
    CRITICAL,
    SCHEMA,
    peaks,
    gradient,
    step,
    run,
    outcome,
    heights,
    contour,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, fixed } = globalThis.Exploration;

  const SIZE = 440; // of the drawing, in its own units
  const MARGIN = { left: 34, right: 10, top: 10, bottom: 38 };
  const SCALE = (SIZE - MARGIN.left - MARGIN.right) / (HIGH - LOW);
  const LEVELS = Array.from({ length: 15 }, (_, i) => i - 6); // −6 … 8
  const GRID = 73;

  const toX = (x) => MARGIN.left + (x - LOW) * SCALE;
  const toY = (y) => SIZE - MARGIN.bottom - (y - LOW) * SCALE;
  const between = (value, low, high) => Math.min(high, Math.max(low, value));
  const pair = ([p, q], decimals = 2) => `(${fixed(p, decimals)}, ${fixed(q, decimals)})`;
  const NAMES = {
    plain: "Plain",
    momentum: "Momentum",
    rmsprop: "RMSprop",
    adam: "Adam",
  };

  /** Blue below zero, orange above, the stronger the farther from it. */
  function bandColor(level) {
    const middle = level + 0.5;
    const share = Math.round(6 + (56 * Math.abs(middle)) / 8);
    const hue = middle < 0 ? "var(--x-blue)" : "var(--x-orange)";
    return `color-mix(in srgb, ${hue} ${share}%, var(--x-page))`;
  }

  /** A cross for a saddle, a triangle for a maximum, a letter for a minimum. */
  function criticalMark({ kind, name, at }) {
    const [x, y] = [toX(at[0]), toY(at[1])];
    if (kind === "minimum") {
      const place = { x, y: y + 6, class: "exploration-minimum", "text-anchor": "middle" };
      return svg("text", place, name);
    }
    const d =
      kind === "saddle"
        ? `M${x - 4} ${y - 4} L${x + 4} ${y + 4} M${x - 4} ${y + 4} L${x + 4} ${y - 4}`
        : `M${x} ${y - 5} L${x + 5} ${y + 4} L${x - 5} ${y + 4} Z`;
    return svg("path", { class: `exploration-${kind}`, d });
  }

  function drawMap(root) {
    const [left, right, top, bottom] = [toX(LOW), toX(HIGH), toY(HIGH), toY(LOW)];
    const frame = { x: left, y: top, width: right - left, height: bottom - top };
    const lowest = svg("rect", { ...frame, style: `fill: ${bandColor(-7)}` });
    root.append(lowest);
    const grid = heights(GRID);
    for (const level of LEVELS) {
      const d = contour(level, grid)
        .map((loop) => {
          const points = loop.map(([x, y]) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`);
          return `M${points.join("L")}Z`;
        })
        .join("");
      const kind = level === 0 ? "exploration-band exploration-band-zero" : "exploration-band";
      root.append(svg("path", { class: kind, d, style: `fill: ${bandColor(level)}` }));
    }
    const axes = svg("g", { class: "exploration-axes" });
    axes.append(
      svg("path", { class: "exploration-frame", d: `M${left} ${top} H${right} V${bottom} H${left} Z` }),
    );
    for (const t of [-2, 0, 2]) {
      const text = short(t);
      const across = { x: toX(t), y: bottom + 18, "text-anchor": "middle" };
      const up = { x: left - 8, y: toY(t) + 5, "text-anchor": "end" };
      axes.append(svg("text", across, text), svg("text", up, text));
    }
    const { svgFormula } = globalThis.Exploration;
    axes.append(
      svgFormula({ x: toX(1), y: bottom + 30, "text-anchor": "middle" }, "x"),
      svgFormula({ x: left - 14, y: toY(1) + 5, "text-anchor": "middle" }, "y"),
    );
    root.append(axes, ...CRITICAL.map(criticalMark));
  }

  /** The map with the path. `onstart([x, y])` is called by clicks, drags and keys. */
  function buildMap(onstart) {
    const root = svg("svg", {
      class: "exploration-plane exploration-map",
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      role: "group",
      "aria-label": "Contour map of the surface with the path of the ball",
    });
    drawMap(root);
    const clip = globalThis.Exploration.uniqueId("map");
    const [left, top, side] = [toX(LOW), toY(HIGH), (HIGH - LOW) * SCALE];
    root.append(
      svg(
        "clipPath",
        { id: clip },
        svg("rect", { x: left, y: top, width: side, height: side }),
      ),
    );
    const halo = svg("polyline", { class: "exploration-path-halo" });
    const line = svg("polyline", { class: "exploration-path" });
    const dots = svg("g", { class: "exploration-path-dots" });
    const ball = svg("circle", { class: "exploration-ball", r: 8 });
    const trail = svg("g", { "clip-path": `url(#${clip})` }, halo, line, dots, ball);
    const start = svg(
      "g",
      { class: "exploration-handle", role: "slider", tabindex: 0 },
      svg("circle", { class: "exploration-touch", r: 22 }),
      svg("circle", { class: "exploration-ring", r: 14 }),
      svg("circle", { class: "exploration-start", r: 7 }),
    );
    root.append(trail, start);

    let current = [0, 0];
    globalThis.Exploration.movable({
      root,
      handle: start,
      place: (x, y) => [
        LOW + (x - MARGIN.left) / SCALE,
        LOW + (SIZE - MARGIN.bottom - y) / SCALE,
      ],
      at: () => current,
      low: LOW,
      high: HIGH,
      onmove: onstart,
    });

    function draw(balls) {
      current = balls[0].at;
      const places = balls.map(({ at }) =>
        at.map((value) => between(value, 3 * LOW, 3 * HIGH)),
      );
      const points = places.map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`);
      halo.setAttribute("points", points.join(" "));
      line.setAttribute("points", points.join(" "));
      dots.replaceChildren(
        ...places
          .slice(1, 61)
          .map(([x, y]) => svg("circle", { cx: toX(x), cy: toY(y), r: 2.4 })),
      );
      const [x, y] = places[places.length - 1];
      ball.setAttribute("cx", toX(x));
      ball.setAttribute("cy", toY(y));
      const [startX, startY] = current;
      start.setAttribute("transform", `translate(${toX(startX)} ${toY(startY)})`);
      const spoken = {
        "aria-label": "Start of the ball: the arrow keys move it",
        "aria-valuemin": LOW,
        "aria-valuemax": HIGH,
        "aria-valuenow": startX,
        "aria-valuetext": `x = ${short(startX)}, y = ${short(startY)}`,
      };
      for (const [key, text] of Object.entries(spoken)) start.setAttribute(key, text);
    }

    return { element: root, draw };
  }

  /** The chart of the height against the step. */
  function heightChart(values) {
    const [width, height] = [300, 118];
    const box = { left: 34, right: 8, top: 8, bottom: 24 };
    const [low, high] = [-7, 8.5];
    const last = Math.max(20, values.length - 1);
    const cx = (i) => box.left + ((width - box.left - box.right) * i) / last;
    const cy = (value) =>
      height -
      box.bottom -
      ((height - box.top - box.bottom) * (between(value, low, high) - low)) / (high - low);
    const points = values.map((v, i) => `${cx(i).toFixed(1)},${cy(v).toFixed(1)}`);
    const text = (x, y, anchor, content) =>
      svg("text", { x, y, "text-anchor": anchor }, content);
    return svg(
      "svg",
      {
        class: "exploration-chart",
        viewBox: `0 0 ${width} ${height}`,
        role: "img",
        "aria-label":
          `Height against step: from ${short(values[0])} at the start to ` +
          `${short(values[values.length - 1])} after ${values.length - 1} steps`,
      },
      svg("path", {
        class: "exploration-chart-base",
        d: `M${box.left} ${box.top} V${height - box.bottom} H${width - box.right}`,
      }),
      svg("path", {
        class: "exploration-chart-zero",
        d: `M${box.left} ${cy(0)} H${width - box.right}`,
      }),
      ...[-6, 0, 6].map((v) => text(box.left - 5, cy(v) + 4, "end", short(v))),
      text(width - box.right, height - 8, "end", `step ${last}`),
      text(box.left, height - 8, "start", "height f against step"),
      svg("polyline", { class: "exploration-chart-line", points: points.join(" ") }),
      svg("circle", {
        class: "exploration-chart-dot",
        cx: cx(values.length - 1),
        cy: cy(values[values.length - 1]),
        r: 4,
      }),
    );
  }

  /** The outcome as a sentence. */
  function outcomeText({ kind, point }, balls, { eta, optimizer }) {
    const { at, t } = balls[balls.length - 1];
    const steps = t === 1 ? "1 step" : `${t} steps`;
    switch (kind) {
      case "minimum":
        return (
          `The ball rests in the minimum ${point.name} at $${pair(at)}$, height ` +
          `$f = ${fixed(peaks(at))}$, after ${steps}.` +
          (point.name === "A" ? " No other is as deep." : " A is deeper.")
        );
      case "balanced":
        return (
          `Balanced on a ${point.kind}: the gradient is nearly zero, so the ball hardly ` +
          "moves. Shift the start a little."
        );
      case "jumping": {
        const beyond = CRITICAL.find(
          (p) => p.kind === "minimum" && distance(p.at, at) < 0.6 && eta > p.bound,
        );
        const why =
          beyond && optimizer === "plain"
            ? ` Here $η$ is above the bound $2/λ = ${fixed(beyond.bound, 4)}$ of the ` +
              `minimum ${beyond.name}.`
            : "";
        return `The ball jumps to and fro between two places.${why}`;
      }
      case "outside":
        return (
          `The ball left the map after ${steps}. Out there the surface is flat and the ` +
          "gradient nearly zero."
        );
      case "plateau":
        return "The ball creeps over a plateau: the gradient is nearly zero here.";
      default:
        if (t === 0) return "Press “Step” or “Run”, or choose another start on the map.";
        return t >= MOST_STEPS
          ? `Still moving after ${steps}: that is where this exploration stops.`
          : `Still moving after ${steps}.`;
    }
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, live, share, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken,
      reset,
    });
    let balls = [];
    let timer = 0; // of a run that is under way
    const settings = () => ({
      optimizer: state.optimizer,
      eta: state.eta,
      mu: state.mu,
    });

    /* Controls */
    const optimizer = Exploration.choice({
      legend: "Optimizer",
      options: Object.entries(NAMES),
      onchange: (name) => {
        state.optimizer = name;
        changed();
      },
    });
    const slider = (key, label, name, rest) =>
      Exploration.slider({
        label,
        name,
        ...rest,
        oninput: (value) => {
          state[key] = value;
          changed();
        },
      });
    const map = { min: LOW, max: HIGH, step: 0.05, limit: HIGH };
    const rate = { min: 0.005, max: 0.3, step: 0.005, limit: 1, floor: 0.001 };
    const share01 = { min: 0, max: 0.99, step: 0.01, limit: 0.99, floor: 0 };
    const sliders = {
      x: slider("x", "start $x$", "Start x", map),
      y: slider("y", "start $y$", "Start y", map),
      eta: slider("eta", "$η$", "Learning rate eta", rate),
      mu: slider("mu", "$μ$", "Momentum mu", share01),
    };
    const plane = buildMap(([x, y]) => {
      Object.assign(state, { x, y });
      changed();
    });
    const runButton = Exploration.button("Run", toggle, "primary");
    const stepButton = Exploration.button("Step", () => {
      pause();
      advance(1);
      live.say(spoken());
    });
    const resetButton = Exploration.button("Back to the start", () => {
      changed();
      live.say("The ball is back at its start.");
    });

    /* What the controls change */
    const outcomeLine = html("p", { class: "exploration-outcome" });
    const table = html("table", { class: "exploration-table exploration-numbers" });
    const chart = html("div", { class: "exploration-heights" });

    function reset() {
      pause();
      balls = run([state.x, state.y], settings(), state.steps);
    }

    function changed() {
      state.steps = 0;
      reset();
      draw();
      share.save();
      live.say(`Start at ${pair([state.x, state.y])}.`, 500);
    }

    function advance(count) {
      for (let i = 0; i < count && balls.length <= MOST_STEPS; i += 1) {
        balls.push(step(balls[balls.length - 1], settings()));
      }
      state.steps = balls.length - 1;
      draw();
      share.save();
    }

    const finished = () =>
      balls.length > MOST_STEPS || isOver(outcome(balls).kind);

    function pause() {
      clearInterval(timer);
      timer = 0;
      runButton.textContent = "Run";
    }

    function toggle() {
      if (timer !== 0) {
        pause();
        live.say(spoken());
        return;
      }
      // A ball that is balanced may yet roll: a run always takes a step.
      advance(1);
      if (Exploration.reducedMotion()) {
        while (!finished()) balls.push(step(balls[balls.length - 1], settings()));
        advance(0);
        live.say(spoken());
        return;
      }
      runButton.textContent = "Pause";
      timer = setInterval(() => {
        if (finished()) {
          pause();
          live.say(spoken());
        } else {
          advance(1);
        }
      }, 33);
    }

    function spoken() {
      const text = outcomeText(outcome(balls), balls, settings());
      return text.replaceAll("$", "");
    }

    function numbers() {
      const { at, t } = balls[balls.length - 1];
      const g = gradient(at);
      const slope = Math.hypot(...g);
      const next = step(balls[balls.length - 1], settings());
      const rows = [
        ["step", String(t)],
        ["place $(x, y)$", pair(at, 3)],
        ["height $f$", fixed(peaks(at), 3)],
        ["gradient $∇f$", pair(g, 3)],
        ["its length $‖∇f‖$", fixed(slope, 3)],
        ["expected change $−η‖∇f‖^2$", fixed(-state.eta * slope ** 2, 4)],
        ["change by the next step", fixed(peaks(next.at) - peaks(at), 4)],
      ];
      const shown = state.optimizer === "plain" ? rows : rows.filter((_, i) => i !== 5);
      return html(
        "tbody",
        null,
        shown.map(([label, text]) =>
          html("tr", null, html("th", { scope: "row" }, rich(label)), html("td", null, text)),
        ),
      );
    }

    function draw() {
      plane.draw(balls);
      optimizer.set(state.optimizer);
      for (const key of ["x", "y", "eta", "mu"]) sliders[key].set(state[key]);
      sliders.mu.element.hidden = state.optimizer !== "momentum";
      const result = outcome(balls);
      outcomeLine.dataset.kind = result.kind;
      outcomeLine.replaceChildren(...rich(outcomeText(result, balls, settings())));
      table.replaceChildren(numbers());
      chart.replaceChildren(heightChart(balls.map(({ at }) => peaks(at))));
    }

    const mark = (content) =>
      svg(
        "svg",
        { class: "exploration-icon", viewBox: "0 0 22 22", "aria-hidden": "true" },
        content,
      );
    const legend = html(
      "ul",
      { class: "exploration-legend" },
      html("li", null, mark(svg("circle", { class: "exploration-start", cx: 11, cy: 11, r: 6 })), "start"),
      html("li", null, mark(svg("circle", { class: "exploration-ball", cx: 11, cy: 11, r: 7 })), "ball"),
      html("li", null, html("b", null, "A B C "), "minima"),
      html("li", null, mark(svg("path", { class: "exploration-saddle", d: "M6 6 L16 16 M6 16 L16 6" })), "saddle"),
      html("li", null, mark(svg("path", { class: "exploration-maximum", d: "M11 5 L17 16 L5 16 Z" })), "maximum"),
    );
    return body(
      html("div", { class: "exploration-bar" }, optimizer.element),
      html(
        "div",
        { class: "exploration-columns" },
        html("div", { class: "exploration-picture" }, plane.element, legend, chart),
        html(
          "div",
          { class: "exploration-side" },
          html(
            "div",
            { class: "exploration-sliders" },
            ["x", "y", "eta", "mu"].map((key) => sliders[key].element),
          ),
          html(
            "div",
            { class: "exploration-actions exploration-ball-actions" },
            runButton,
            stepButton,
            resetButton,
          ),
          outcomeLine,
          table,
        ),
      ),
    );
  }

  globalThis.Exploration.mount("gradient_descent", build);
})();
