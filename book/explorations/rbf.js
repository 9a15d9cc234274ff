/*
 * Exploration "rbf": a sum of Gaussians on the line. Drag the centers, change how many
 * there are and how wide; the weights are found anew by least squares each time.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const MOST = 12; // Gaussians
  const COUNT = 20; // examples
  const SEED = 11; // of their noise

  /** The functions behind the examples. */
  const TRUTHS = {
    sine: (x) => Math.sin(2 * Math.PI * x),
    tent: (x) => 1 - 4 * Math.abs(x - 0.5),
    step: (x) => (x < 0.5 ? -0.7 : 0.7),
  };

  /** The examples {x, y}, in the order of x; the noise lies between −0.3 and 0.3. */
  function examples(data) {
    let seed = SEED;
    const uniform = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // a linear generator
      return seed / 2 ** 32;
    };
    return Array.from({ length: COUNT }, (_, i) => {
      const x = (i + uniform()) / COUNT; // one in each of as many equal parts
      return { x, y: TRUTHS[data](x) + 0.6 * (uniform() - 0.5) };
    });
  }

  /** The Gaussian with that center and width at x. */
  function gaussian(x, center, sigma) {
    return Math.exp(-((x - center) ** 2) / (2 * sigma * sigma));
  }

  /** The rows (φ_1 … φ_k, 1) for all x. */
  function design(xs, centers, sigma) {
    return xs.map((x) => [...centers.map((c) => gaussian(x, c, sigma)), 1]);
  }

  const dot = (p, q) => p.reduce((sum, value, i) => sum + value * q[i], 0);

  /**
   * The shortest θ with the least ‖A θ − y‖. One-sided Jacobi: turn pairs of columns
   * until all are perpendicular; their lengths are the singular values of A, and those
   * below 1e-10 of the largest count as 0.
   */
  function leastSquares(A, y) {
    const n = A[0].length;
    const U = Array.from({ length: n }, (_, j) => A.map((row) => row[j]));
    const V = U.map((_, j) => U.map((_, i) => (i === j ? 1 : 0)));
    const turn = (columns, p, q, c, s) => {
      const [old, other] = [columns[p], columns[q]];
      columns[p] = old.map((value, i) => c * value - s * other[i]);
      columns[q] = old.map((value, i) => s * value + c * other[i]);
    };
    for (let sweep = 0, moved = true; moved && sweep < 60; sweep += 1) {
      moved = false;
      for (let p = 0; p < n - 1; p += 1) {
        for (let q = p + 1; q < n; q += 1) {
          const [a, b, g] = [dot(U[p], U[p]), dot(U[q], U[q]), dot(U[p], U[q])];
          if (Math.abs(g) <= 1e-15 * Math.sqrt(a * b) || g === 0) continue;
          moved = true;
          const zeta = (b - a) / (2 * g);
          const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
          const c = 1 / Math.hypot(1, t);
          turn(U, p, q, c, c * t);
          turn(V, p, q, c, c * t);
        }
      }
    }
    const sizes = U.map((column) => Math.sqrt(dot(column, column)));
    const smallest = 1e-10 * Math.max(...sizes);
    const theta = Array(n).fill(0);
    U.forEach((column, j) => {
      if (sizes[j] <= smallest) return;
      const share = dot(column, y) / sizes[j] ** 2;
      V[j].forEach((value, i) => {
        theta[i] += share * value;
      });
    });
    return theta;
  }

  /** F at all x, for θ = (w_1 … w_k, b). */
  function predict(xs, centers, sigma, theta) {
    return design(xs, centers, sigma).map((row) => dot(row, theta));
  }

  /** The root mean squared difference. */
  function rmse(p, q) {
    return Math.sqrt(p.reduce((sum, v, i) => sum + (v - q[i]) ** 2, 0) / p.length);
  }

  const GRID = Array.from({ length: 201 }, (_, i) => i / 200);

  /** The fit: weights, bias, and its errors on the examples and on the clean curve. */
  function fit(data, centers, sigma) {
    const points = examples(data);
    const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
    const theta = leastSquares(design(xs, centers, sigma), ys);
    return {
      w: theta.slice(0, -1),
      b: theta[theta.length - 1],
      seen: rmse(predict(xs, centers, sigma, theta), ys),
      clean: rmse(predict(GRID, centers, sigma, theta), GRID.map(TRUTHS[data])),
    };
  }

  const tidy = (value) => Math.round(value * 1000) / 1000;

  /** k centers in the middles of k equal parts. */
  function spread(k) {
    return Array.from({ length: k }, (_, j) => tidy((j + 0.5) / k));
  }

  /** k-means on the line from those centers; one without points stays. */
  function kMeans(xs, start) {
    let centers = start;
    for (let round = 0; round < 200; round += 1) {
      const groups = centers.map(() => []);
      for (const x of xs) {
        const far = centers.map((c) => Math.abs(x - c));
        groups[far.indexOf(Math.min(...far))].push(x);
      }
      const moved = groups.map((group, j) =>
        group.length ? group.reduce((p, q) => p + q, 0) / group.length : centers[j],
      );
      if (moved.every((c, j) => c === centers[j])) break;
      centers = moved;
    }
    return centers;
  }

  /** The shared width d_max / √(2k), or null for one center or equal ones. */
  function sharedWidth(centers) {
    const far = Math.max(...centers) - Math.min(...centers);
    return far > 0 ? far / Math.sqrt(2 * centers.length) : null;
  }

  /** Centers as text in thousandths, "125-375-625-875"; null where it is none. */
  function parseCenters(text) {
    if (!/^\d{1,4}(-\d{1,4})*$/.test(text)) return null;
    const centers = text.split("-").map((c) => Number(c) / 1000);
    return centers.length <= MOST && centers.every((c) => c <= 1) ? centers : null;
  }

  function formatCenters(centers) {
    return centers.map((c) => String(Math.round(c * 1000))).join("-");
  }

  /** The state that the URL's hash holds. */
  const LEAST_WIDTH = 0.01;
  const MOST_WIDTH = 2;
  const SCHEMA = {
    data: {
      kind: "choice",
      options: Object.keys(TRUTHS),
      initial: "sine",
      always: true,
    },
    centers: {
      kind: "choice",
      options: { includes: (text) => parseCenters(text) !== null },
      initial: formatCenters(spread(4)),
      always: true,
    },
    sigma: { kind: "number", min: LEAST_WIDTH, max: MOST_WIDTH, initial: 0.15, always: true },
  };

  const mathematics = {
    SCHEMA,
    examples,
    gaussian,
    design,
    leastSquares,
    predict,
    rmse,
    fit,
    spread,
    kMeans,
    sharedWidth,
    parseCenters,
    formatCenters,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, fixed, drag } = globalThis.Exploration;

  const WIDTH = 460;
  const HEIGHT = 330;
  const LEFT = 36;
  const RIGHT = WIDTH - 16;
  const TOP = 10;
  const AXIS = 258; // where the handles are
  const LIMIT = 1.7; // of y
  const toX = (x) => LEFT + x * (RIGHT - LEFT);
  const toY = (y) => TOP + ((LIMIT - y) / (2 * LIMIT)) * (AXIS - TOP);
  const between = (value, low, high) => Math.min(high, Math.max(low, value));
  const NAMES = { sine: "a noisy sine", tent: "a noisy tent", step: "a noisy step" };

  const text = (x, y, content, anchor = "middle", style = "") =>
    svg(
      "text",
      { x, y, "text-anchor": anchor, style: `fill: var(--x-muted); font-size: 16px; ${style}` },
      content,
    );

  function curve(values, style) {
    // far values are cut well outside the picture: a path must not have huge numbers
    const d = values
      .map((y, i) => {
        const place = toY(between(y, -9, 9)).toFixed(1);
        return `${i === 0 ? "M" : "L"}${toX(GRID[i]).toFixed(1)} ${place}`;
      })
      .join("");
    return svg("path", { d, style: `fill: none; ${style}` });
  }

  function axes() {
    const lines = [-1, 0, 1].map((y) => [
      svg("line", { x1: LEFT, x2: RIGHT, y1: toY(y), y2: toY(y), style: "stroke: var(--x-line)" }),
      text(LEFT - 7, toY(y) + 5, short(y), "end"),
    ]);
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((x) => [
      svg("line", { x1: toX(x), x2: toX(x), y1: TOP, y2: AXIS, style: "stroke: var(--x-line)" }),
      text(toX(x), AXIS + 40, short(x)),
    ]);
    const base = svg("line", {
      x1: LEFT,
      x2: RIGHT,
      y1: AXIS,
      y2: AXIS,
      style: "stroke: var(--x-control); stroke-width: 1.5",
    });
    return [lines, ticks, base, text((LEFT + RIGHT) / 2, AXIS + 62, "x, and the centers")];
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, live, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: sentence,
    });
    const centers = () => parseCenters(state.centers);

    const place = (list) => {
      state.centers = formatCenters(list.map((c) => between(tidy(c), 0, 1)));
      changed();
    };

    /* Controls */
    const data = Exploration.choice({
      legend: "Examples",
      options: Object.keys(TRUTHS).map((key) => [key, key]),
      onchange: set("data"),
    });
    const count = Exploration.slider({
      label: "$k$",
      name: "number of Gaussians",
      min: 1,
      max: MOST,
      step: 1,
      limit: MOST,
      floor: 1,
      oninput: (value) => place(spread(Math.round(value))),
    });
    const width = Exploration.slider({
      label: "$σ$",
      name: "width of the Gaussians",
      min: 0.02,
      max: 0.8,
      step: 0.01,
      limit: MOST_WIDTH,
      floor: LEAST_WIDTH,
      oninput: set("sigma"),
    });
    const rule = Exploration.button('$σ = d_{"max"}/√(2k)$', () => {
      const wide = sharedWidth(centers());
      if (wide === null) {
        live.say("The rule needs two centers at different places.");
        return;
      }
      state.sigma = between(tidy(wide), LEAST_WIDTH, MOST_WIDTH);
      changed();
    });
    const actions = html(
      "div",
      { class: "exploration-actions" },
      Exploration.button("Spread evenly", () => place(spread(centers().length))),
      Exploration.button("k-means", () =>
        place(kMeans(examples(state.data).map((p) => p.x), centers())),
      ),
      rule,
    );

    /* The picture: what never changes, what changes, and the handles */
    const clip = Exploration.uniqueId("clip");
    const curves = svg("g", { "clip-path": `url(#${clip})` });
    const handles = svg("g", null);
    const chart = svg(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "group",
        "aria-label": "Examples, Gaussians and their sum",
        style: "display: block; width: 100%; max-width: 38rem; margin: 0 auto",
      },
      svg(
        "defs",
        null,
        svg(
          "clipPath",
          { id: clip },
          svg("rect", { x: LEFT, y: TOP, width: RIGHT - LEFT, height: AXIS - TOP }),
        ),
      ),
      axes(),
      curves,
      handles,
    );
    const score = html("p", { class: "exploration-score" });
    const weights = html("p", { class: "exploration-remark" });
    const key = (style, label) =>
      html(
        "span",
        { style: "display: inline-flex; align-items: center; gap: 0.4em" },
        html("span", {
          "aria-hidden": "true",
          style: `display: inline-block; width: 1.8em; border-top: ${style}`,
        }),
        html("span", null, rich(label)),
      );
    const legend = html(
      "p",
      {
        class: "exploration-remark",
        style: "display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0.5rem 0",
      },
      key("3px solid var(--x-blue)", "$F$, the sum"),
      key("2px dashed var(--x-orange)", "$w_jφ_j$"),
      key("2px dotted var(--x-text)", "without noise"),
    );

    function moveCenter(index, value) {
      const list = centers();
      list[index] = value;
      place(list);
    }

    function handle(index) {
      const node = svg(
        "g",
        {
          class: "exploration-handle",
          role: "slider",
          tabindex: 0,
          "aria-label": `Center ${index + 1}`,
          "aria-valuemin": 0,
          "aria-valuemax": 1,
        },
        svg("circle", { class: "exploration-touch", cy: 8, r: 20 }),
        svg("circle", { class: "exploration-ring", cy: 8, r: 14 }),
        svg("path", {
          d: "M0 -6 L9 8 L9 16 L-9 16 L-9 8 Z",
          style: "fill: var(--x-orange); stroke: var(--x-page); stroke-width: 1.5",
        }),
      );
      const moves = {
        ArrowRight: (fine) => 0.01 * fine,
        ArrowUp: (fine) => 0.01 * fine,
        ArrowLeft: (fine) => -0.01 * fine,
        ArrowDown: (fine) => -0.01 * fine,
        PageUp: () => 0.1,
        PageDown: () => -0.1,
        Home: () => -1,
        End: () => 1,
      };
      node.addEventListener("keydown", (event) => {
        const move = moves[event.key];
        if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        moveCenter(index, centers()[index] + move(event.shiftKey ? 0.1 : 1));
      });
      node.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        node.setPointerCapture(event.pointerId);
        node.focus({ focusVisible: false });
        const where = (e) => {
          const p = new DOMPoint(e.clientX, e.clientY);
          const { x } = p.matrixTransform(chart.getScreenCTM().inverse());
          return (x - LEFT) / (RIGHT - LEFT);
        };
        const held = where(event) - centers()[index];
        drag(node, (e) => moveCenter(index, where(e) - held));
      });
      return node;
    }

    function sentence() {
      const { seen, clean } = fit(state.data, centers(), state.sigma);
      const k = centers().length;
      return (
        `${k} Gaussian${k > 1 ? "s" : ""} of width ${short(state.sigma, 3)} on ` +
        `${NAMES[state.data]}: error ${fixed(seen, 3)} on the examples, ` +
        `${fixed(clean, 3)} against the curve without noise.`
      );
    }

    function draw() {
      const list = centers();
      const { w, b, seen, clean } = fit(state.data, list, state.sigma);
      data.set(state.data);
      count.set(list.length);
      width.set(state.sigma);
      const bumps = list.map((c, j) =>
        curve(
          GRID.map((x) => w[j] * gaussian(x, c, state.sigma)),
          "stroke: var(--x-orange); stroke-width: 1.5; stroke-dasharray: 6 4",
        ),
      );
      const sum = predict(GRID, list, state.sigma, [...w, b]);
      curves.replaceChildren(
        curve(
          GRID.map(TRUTHS[state.data]),
          "stroke: var(--x-text); stroke-width: 1.6; stroke-dasharray: 1.5 4",
        ),
        ...bumps,
        curve(sum, "stroke: var(--x-blue); stroke-width: 3"),
        ...examples(state.data).map(({ x, y }) =>
          svg("circle", {
            cx: toX(x),
            cy: toY(y),
            r: 3.6,
            style: "fill: var(--x-page); stroke: var(--x-text); stroke-width: 1.4",
          }),
        ),
      );
      while (handles.childElementCount > list.length) handles.lastChild.remove();
      while (handles.childElementCount < list.length) {
        handles.append(handle(handles.childElementCount));
      }
      list.forEach((c, j) => {
        const node = handles.children[j];
        node.setAttribute("transform", `translate(${toX(c)} ${AXIS})`);
        node.setAttribute("aria-valuenow", c);
        node.setAttribute("aria-valuetext", `${short(c, 3)}, weight ${short(w[j])}`);
      });
      score.textContent =
        `Error on the ${COUNT} examples: ${fixed(seen, 3)}. ` +
        `Error against the curve without noise: ${fixed(clean, 3)}.`;
      weights.replaceChildren(
        ...rich("Weights $w_j$, from left to right: "),
        list
          .map((c, j) => [c, w[j]])
          .sort((p, q) => p[0] - q[0])
          .map(([, value]) => short(value, Math.abs(value) < 100 ? 2 : 0))
          .join(", "),
        ...rich("; bias $b$ = "),
        `${short(b)}.`,
      );
    }

    return body(
      html("div", { class: "exploration-bar" }, data.element),
      html(
        "div",
        { class: "exploration-section", style: "border-top: 0" },
        html("div", { class: "exploration-sliders" }, count.element, width.element),
        actions,
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "The fit" },
        html(
          "p",
          { class: "exploration-remark" },
          "Drag the centers on the axis, or choose one with Tab and use the arrow keys " +
            "(with Shift for small steps).",
        ),
        chart,
        legend,
        score,
        weights,
      ),
    );
  }

  globalThis.Exploration.mount("rbf", build);
})();
