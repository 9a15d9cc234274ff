/*
 * Exploration "perceptron": a line w·x + b = 0 and the four points of a logic gate.
 * Move the line by hand, or let the learning rule move it one example at a time.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  /** The inputs of every gate, in the order in which the rule visits them. */
  const INPUTS = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];

  /** Targets d of each gate, in the order of INPUTS. */
  const GATES = {
    and: [0, 0, 0, 1],
    or: [0, 1, 1, 1],
    nand: [1, 1, 1, 0],
    nor: [1, 0, 0, 0],
    xor: [0, 1, 1, 0],
  };

  /**
   * Round to a grid of 1e-9. On it 0.1 + 0.2 − 0.3 is 0, so that the step of it is 1
   * whichever way it was summed, and equal weights compare equal.
   */
  function tidy(value) {
    return Math.round(value * 1e9) / 1e9 + 0; // "+ 0" turns −0 into 0
  }

  /** z = w·x + b for weights {w1, w2, b}. */
  function preactivation({ w1, w2, b }, [x1, x2]) {
    return tidy(w1 * x1 + w2 * x2 + b);
  }

  /** The step function, with step(0) = 1. */
  function step(z) {
    return z >= 0 ? 1 : 0;
  }

  /** The perceptron's output y for one input. */
  function predict(weights, x) {
    return step(preactivation(weights, x));
  }

  /** How many of the gate's four points the weights classify rightly. */
  function countRight(weights, gate) {
    return INPUTS.filter((x, i) => predict(weights, x) === GATES[gate][i]).length;
  }

  /** One application of the rule w ← w + η e x, b ← b + η e with e = d − y. */
  function learnOne(weights, x, d, eta) {
    const z = preactivation(weights, x);
    const y = step(z);
    const e = d - y;
    const after = {
      w1: tidy(weights.w1 + eta * e * x[0]),
      w2: tidy(weights.w2 + eta * e * x[1]),
      b: tidy(weights.b + eta * e),
    };
    return { x, d, z, y, e, before: weights, after };
  }

  function sameWeights(p, q) {
    return p.w1 === q.w1 && p.w2 === q.w2 && p.b === q.b;
  }

  /**
   * A run of the rule that has not begun.
   *
   * position: index of the example that comes next; epoch: epochs completed;
   * ends[k]: the weights after epoch k and the mistakes in it (k = 0: the start);
   * outcome: null, {kind: "converged", epoch} or {kind: "cycle", first, again}.
   */
  function startRun(weights) {
    return {
      weights,
      position: 0,
      epoch: 0,
      updates: 0,
      mistakes: 0,
      ends: [{ weights, mistakes: null }],
      last: null,
      outcome: null,
    };
  }

  /** What the end of an epoch shows: convergence, a cycle, or nothing yet. */
  function outcomeOf(ends) {
    const epoch = ends.length - 1;
    const { weights, mistakes } = ends[epoch];
    if (mistakes === 0) return { kind: "converged", epoch };
    // The rule is deterministic: the same weights at the start of an epoch lead to
    // the same epoch again, and so on for ever.
    const first = ends.findIndex((end) => sameWeights(end.weights, weights));
    return first < epoch ? { kind: "cycle", first, again: epoch } : null;
  }

  /** The run after the next example; the given run is left as it is. */
  function advance(run, gate, eta) {
    const i = run.position;
    const last = learnOne(run.weights, INPUTS[i], GATES[gate][i], eta);
    const wrong = last.e === 0 ? 0 : 1;
    const next = {
      ...run,
      last: { ...last, index: i, epoch: run.epoch + 1 },
      weights: last.after,
      position: (i + 1) % INPUTS.length,
      updates: run.updates + wrong,
      mistakes: run.mistakes + wrong,
    };
    if (next.position !== 0) return next;
    next.epoch = run.epoch + 1;
    next.ends = [...run.ends, { weights: next.weights, mistakes: next.mistakes }];
    next.mistakes = 0;
    next.outcome = run.outcome ?? outcomeOf(next.ends);
    return next;
  }

  /** The run at the end of the epoch that is under way or comes next. */
  function runEpoch(run, gate, eta) {
    let next = advance(run, gate, eta);
    while (next.position !== 0) next = advance(next, gate, eta);
    return next;
  }

  /** The part of the square [low, high]² with w·x + b ≥ 0: a polygon's corners. */
  function halfPlane({ w1, w2, b }, low, high) {
    const square = [
      [low, low],
      [high, low],
      [high, high],
      [low, high],
    ];
    const value = ([x1, x2]) => w1 * x1 + w2 * x2 + b;
    const corners = [];
    square.forEach((p, i) => {
      const q = square[(i + 1) % 4];
      const [vp, vq] = [value(p), value(q)];
      if (vp >= 0) corners.push(p);
      if (vp >= 0 !== vq >= 0) {
        const t = vp / (vp - vq);
        corners.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
      }
    });
    return corners;
  }

  /** The two ends of the line w·x + b = 0 in the square, or null. */
  function boundary({ w1, w2, b }, low, high) {
    const norm = Math.hypot(w1, w2);
    if (norm === 0) return null;
    // The line is foot + t·(−w2, w1)/‖w‖; cut t to the square, side by side.
    const foot = [(-b * w1) / norm ** 2, (-b * w2) / norm ** 2];
    const along = [-w2 / norm, w1 / norm];
    let [from, to] = [-Infinity, Infinity];
    for (const axis of [0, 1]) {
      if (Math.abs(along[axis]) < 1e-12) {
        if (foot[axis] < low || foot[axis] > high) return null;
        continue;
      }
      const cuts = [low, high].map((side) => (side - foot[axis]) / along[axis]);
      from = Math.max(from, Math.min(...cuts));
      to = Math.min(to, Math.max(...cuts));
    }
    if (from >= to) return null;
    return [from, to].map((t) => [foot[0] + t * along[0], foot[1] + t * along[1]]);
  }

  /** The state that the URL's hash holds. */
  const LIMIT = 50;
  const weightField = (initial) => ({
    kind: "number",
    min: -LIMIT,
    max: LIMIT,
    initial,
    always: true,
  });
  const SCHEMA = {
    gate: { kind: "choice", options: Object.keys(GATES), initial: "and", always: true },
    w1: weightField(1),
    w2: weightField(0.6),
    b: weightField(-0.8),
    eta: { kind: "choice", options: ["0.1", "0.5", "1", "2"], initial: "1" },
  };

  const mathematics = {
    INPUTS,
    GATES,
    SCHEMA,
    preactivation,
    step,
    predict,
    countRight,
    learnOne,
    startRun,
    advance,
    runEpoch,
    halfPlane,
    boundary,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, factor, term, tableHead, drag } =
    globalThis.Exploration;

  const LOW = -0.6;
  const HIGH = 1.6;
  const SIZE = 440; // of the drawing, in its own units
  const MARGIN = { left: 40, right: 14, top: 14, bottom: 40 };
  const SCALE = (SIZE - MARGIN.left - MARGIN.right) / (HIGH - LOW);
  const SLIDER = 6; // sliders and handles reach from −6 to 6

  const toX = (x1) => MARGIN.left + (x1 - LOW) * SCALE;
  const toY = (x2) => SIZE - MARGIN.bottom - (x2 - LOW) * SCALE;
  const toPlane = (px, py) => [
    LOW + (px - MARGIN.left) / SCALE,
    LOW + (SIZE - MARGIN.bottom - py) / SCALE,
  ];
  const between = (value, low, high) => Math.min(high, Math.max(low, value));
  const hundredths = (value) => Math.round(value * 100) / 100 + 0;
  const pair = (p, q) => `(${short(p)}, ${short(q)})`;
  const triple = ({ w1, w2, b }) => `(${short(b)}, ${short(w1)}, ${short(w2)})`;

  // The arrow for w: long weights must stay in the picture, so its length saturates.
  const ARROW = 0.95;
  const HALF = 2.2; // the norm of w whose arrow has half of the length ARROW
  const arrowLength = (norm) => (ARROW * norm) / (norm + HALF);
  const normOfArrow = (length) => {
    const drawn = between(length, 0.03, 0.85 * ARROW);
    return (HALF * drawn) / (ARROW - drawn);
  };

  /** The mark of a class: a disk for 1, a square for 0. */
  function classMark(d, x, y, r) {
    if (d === 1) {
      return svg("circle", { class: "exploration-class-1", cx: x, cy: y, r });
    }
    const side = 1.8 * r;
    return svg("rect", {
      class: "exploration-class-0",
      x: x - side / 2,
      y: y - side / 2,
      width: side,
      height: side,
      rx: 2,
    });
  }

  /** A tick or a cross in a small disk. */
  function verdictMark(right, x, y) {
    const path = right
      ? `M${x - 4.2} ${y + 0.4} L${x - 1.2} ${y + 3.6} L${x + 4.4} ${y - 3.4}`
      : `M${x - 3.6} ${y - 3.6} L${x + 3.6} ${y + 3.6}` +
        ` M${x + 3.6} ${y - 3.6} L${x - 3.6} ${y + 3.6}`;
    const kind = right ? "exploration-right" : "exploration-wrong";
    return svg(
      "g",
      { class: kind },
      svg("circle", { cx: x, cy: y, r: 9 }),
      svg("path", { d: path }),
    );
  }

  const icon = (...marks) =>
    svg(
      "svg",
      { class: "exploration-icon", viewBox: "0 0 22 22", "aria-hidden": "true" },
      marks,
    );

  /** The place for "y = 1" in a region: far from its edge, the points and the grip. */
  function labelPlace(isInside, distanceToLine, taken, previous) {
    const room = ([x1, x2]) => {
      if (!isInside([x1, x2])) return -1;
      const edge = Math.min(x1 - LOW, HIGH - x1, (x2 - LOW) * 1.6, (HIGH - x2) * 1.6);
      const points = taken.map((p) => Math.hypot(p[0] - x1, (p[1] - x2) * 1.3));
      return Math.min(edge, distanceToLine([x1, x2]), ...points);
    };
    let best = null;
    let most = 0.13; // with less room than that the label would touch something
    for (let i = 1; i < 22; i += 1) {
      for (let j = 1; j < 22; j += 1) {
        const place = [LOW + i * 0.1, LOW + j * 0.1];
        const here = room(place);
        if (here > most + 1e-9) [best, most] = [place, here];
      }
    }
    // Stay where there is still room enough: a label that hops about distracts.
    return previous && room(previous) > Math.max(0.16, 0.7 * most) ? previous : best;
  }

  /** The drawing, with two handles. `onweights(weights)` is called by dragging. */
  function buildPlane(onweights) {
    const root = svg("svg", {
      class: "exploration-plane",
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      role: "group",
      "aria-label": "The plane of the two inputs with the perceptron's line",
    });
    const layer = (name) => {
      const group = svg("g", { class: name });
      root.append(group);
      return group;
    };

    drawAxes(layer("exploration-axes"));
    const region = svg("polygon", { class: "exploration-region" });
    root.insertBefore(region, root.firstChild);
    const ghost = svg("line", { class: "exploration-ghost" });
    const line = svg("line", { class: "exploration-line" });
    const names = [0, 1].map((y) =>
      globalThis.Exploration.svgFormula(
        { class: "exploration-region-name", "text-anchor": "middle" },
        `y = ${y}`,
      ),
    );
    root.append(ghost, line, ...names);
    const points = layer("exploration-points");
    const hit = svg("line", { class: "exploration-line-hit" });
    root.append(hit);
    const shaft = svg("line", { class: "exploration-shaft" });
    const grip = svg(
      "g",
      { class: "exploration-handle", role: "slider", tabindex: 0 },
      svg("circle", { class: "exploration-touch", r: 24 }),
      svg("circle", { class: "exploration-ring", r: 15 }),
      svg("circle", { class: "exploration-grip", r: 8 }),
    );
    const head = svg(
      "g",
      { class: "exploration-handle", role: "slider", tabindex: 0 },
      svg("circle", { class: "exploration-touch", r: 24 }),
      svg("circle", { class: "exploration-ring", r: 17 }),
      svg("path", { class: "exploration-head", d: "M12 0 L-9 -9 L-4 0 L-9 9 Z" }),
    );
    const headName = svg(
      "text",
      { class: "exploration-head-name", "text-anchor": "middle" },
      "w",
    );
    root.append(shaft, grip, head, headName);

    let weights = null;
    let anchor = [0.5, 0.5]; // the grip: the point of the line that the reader holds
    const places = [null, null];

    const angle = () => (Math.atan2(weights.w2, weights.w1) * 180) / Math.PI;
    const turned = (degrees, norm, pivot) => {
      const w1 = hundredths(norm * Math.cos((degrees * Math.PI) / 180));
      const w2 = hundredths(norm * Math.sin((degrees * Math.PI) / 180));
      return withLineThrough({ w1, w2 }, pivot);
    };
    const withLineThrough = (w, p) => {
      const [w1, w2] = [w.w1, w.w2].map((value) => between(value, -LIMIT, LIMIT));
      return { w1, w2, b: hundredths(-(w1 * p[0] + w2 * p[1])) };
    };

    function draggable(target, begin) {
      target.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        target.setPointerCapture(event.pointerId);
        if (target.tabIndex === 0) target.focus({ focusVisible: false });
        const move = begin(pointerPlace(event));
        drag(target, (e) => onweights(move(pointerPlace(e))));
      });
    }

    function pointerPlace(event) {
      const p = new DOMPoint(event.clientX, event.clientY);
      const { x, y } = p.matrixTransform(root.getScreenCTM().inverse());
      const [x1, x2] = toPlane(x, y);
      return [between(x1, LOW, HIGH), between(x2, LOW, HIGH)];
    }

    // Held by its grip or anywhere else, the line moves without turning: b changes.
    const slide = (start) => {
      const held = [start[0] - anchor[0], start[1] - anchor[1]];
      const near = Math.hypot(...held) < 0.14;
      return (p) => {
        const target = near ? [p[0] - held[0], p[1] - held[1]] : p;
        anchor = target;
        return withLineThrough(weights, target);
      };
    };
    draggable(grip, slide);
    draggable(hit, slide);
    // Held by its head, the arrow turns the line about the grip: w and b change.
    draggable(head, () => {
      const pivot = anchor;
      return (p) => {
        const [d1, d2] = [p[0] - pivot[0], p[1] - pivot[1]];
        anchor = pivot;
        const degrees = (Math.atan2(d2, d1) * 180) / Math.PI;
        return turned(degrees, normOfArrow(Math.hypot(d1, d2)), pivot);
      };
    });

    const keys = (target, moves) =>
      target.addEventListener("keydown", (event) => {
        const move = moves[event.key];
        if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        onweights(move(event.shiftKey ? 0.2 : 1));
      });
    const moved = (by) => ({
      ...weights,
      b: between(hundredths(weights.b + by), -LIMIT, LIMIT),
    });
    keys(grip, {
      ArrowRight: (fine) => moved(0.1 * fine),
      ArrowUp: (fine) => moved(0.1 * fine),
      ArrowLeft: (fine) => moved(-0.1 * fine),
      ArrowDown: (fine) => moved(-0.1 * fine),
      PageUp: () => moved(0.5),
      PageDown: () => moved(-0.5),
    });
    const norm = () => Math.hypot(weights.w1, weights.w2);
    const turn = (by) => turned(angle() + by, norm() || 1, anchor);
    const grow = (by) => turned(angle(), between(norm() + by, 0.2, SLIDER), anchor);
    keys(head, {
      ArrowRight: (fine) => turn(5 * fine),
      ArrowUp: (fine) => turn(5 * fine),
      ArrowLeft: (fine) => turn(-5 * fine),
      ArrowDown: (fine) => turn(-5 * fine),
      PageUp: () => grow(0.2),
      PageDown: () => grow(-0.2),
    });

    function placeLine(node, ends) {
      node.style.display = ends ? "" : "none";
      if (!ends) return;
      const [[p1, p2], [q1, q2]] = ends;
      const at = { x1: toX(p1), y1: toY(p2), x2: toX(q1), y2: toY(q2) };
      for (const [key, value] of Object.entries(at)) node.setAttribute(key, value);
    }

    /** Keep the grip on the line and in the picture. */
    function settleAnchor(ends) {
      if (!ends) {
        anchor = [0.5, 0.5];
        return;
      }
      const { w1, w2, b } = weights;
      const off = (w1 * anchor[0] + w2 * anchor[1] + b) / (w1 ** 2 + w2 ** 2);
      const foot = [anchor[0] - off * w1, anchor[1] - off * w2];
      const inside = foot.every((x) => x > LOW + 0.15 && x < HIGH - 0.15);
      const middle = [0, 1].map((i) => (ends[0][i] + ends[1][i]) / 2);
      anchor = inside ? foot : middle;
    }

    function drawHandles(ends) {
      settleAnchor(ends);
      const size = norm();
      const shown = ends !== null;
      for (const node of [shaft, grip, head, headName, hit]) {
        node.style.display = shown ? "" : "none";
      }
      if (!shown) return;
      const reach = arrowLength(size) / size;
      const tip = [anchor[0] + reach * weights.w1, anchor[1] + reach * weights.w2].map(
        (x) => between(x, LOW - 0.02, HIGH + 0.02),
      );
      const [gx, gy, hx, hy] = [
        toX(anchor[0]),
        toY(anchor[1]),
        toX(tip[0]),
        toY(tip[1]),
      ];
      grip.setAttribute("transform", `translate(${gx} ${gy})`);
      head.setAttribute("transform", `translate(${hx} ${hy}) rotate(${-angle()})`);
      shaft.setAttribute("x1", gx);
      shaft.setAttribute("y1", gy);
      shaft.setAttribute("x2", hx);
      shaft.setAttribute("y2", hy);
      const long = Math.hypot(hx - gx, hy - gy) || 1;
      const [sx, sy] = [(-(hy - gy) / long) * 18, ((hx - gx) / long) * 18];
      headName.setAttribute("x", (gx + hx) / 2 + sx);
      headName.setAttribute("y", (gy + hy) / 2 + sy + 5);
      const name = (node, text, now, low, high, spoken) => {
        node.setAttribute("aria-label", text);
        node.setAttribute("aria-valuemin", low);
        node.setAttribute("aria-valuemax", high);
        node.setAttribute("aria-valuenow", now);
        node.setAttribute("aria-valuetext", spoken);
      };
      const { w1, w2, b } = weights;
      name(
        grip,
        "Move the line: bias b",
        short(b, 2).replace("\u2212", "-"),
        -LIMIT,
        LIMIT,
        `b = ${short(b)}`,
      );
      name(
        head,
        "Turn the line: direction of the weights w",
        Math.round(angle()),
        -180,
        180,
        `w = ${pair(w1, w2)}, direction ${Math.round(angle())} degrees`,
      );
    }

    function drawNames(ends) {
      const { w1, w2, b } = weights;
      const size = norm();
      const side = (p) => w1 * p[0] + w2 * p[1] + b;
      const away = (p) => (size === 0 ? 9 : Math.abs(side(p)) / size);
      const tip = ends
        ? [
            anchor[0] + (arrowLength(size) * w1) / size,
            anchor[1] + (arrowLength(size) * w2) / size,
          ]
        : anchor;
      const shaftPoints = [0, 0.5, 1, 1.15].map((t) => [
        anchor[0] + t * (tip[0] - anchor[0]),
        anchor[1] + t * (tip[1] - anchor[1]),
      ]);
      const taken = ends ? [...INPUTS, ...shaftPoints] : INPUTS;
      [0, 1].forEach((y) => {
        const isInside = (p) => step(side(p)) === y;
        places[y] = labelPlace(isInside, away, taken, places[y]);
        names[y].style.display = places[y] ? "" : "none";
        if (!places[y]) return;
        names[y].setAttribute("x", toX(places[y][0]));
        names[y].setAttribute("y", toY(places[y][1]) + 6);
      });
    }

    function drawPoints(gate, current) {
      points.replaceChildren(
        ...INPUTS.map((x, i) => {
          const d = GATES[gate][i];
          const right = predict(weights, x) === d;
          const [px, py] = [toX(x[0]), toY(x[1])];
          const title = `${pair(...x)}: target ${d}, output ${predict(weights, x)}`;
          return svg(
            "g",
            { role: "img", "aria-label": title },
            svg("title", null, title),
            i === current
              ? svg("circle", { class: "exploration-current", cx: px, cy: py, r: 21 })
              : null,
            classMark(d, px, py, 11),
            verdictMark(right, px + 15, py - 15),
          );
        }),
      );
    }

    function draw(newWeights, gate, { current = null, before = null } = {}) {
      weights = newWeights;
      const corners = halfPlane(weights, LOW, HIGH);
      region.setAttribute(
        "points",
        corners.map(([x1, x2]) => `${toX(x1)},${toY(x2)}`).join(" "),
      );
      const ends = boundary(weights, LOW, HIGH);
      placeLine(line, ends);
      placeLine(hit, ends);
      placeLine(ghost, before && boundary(before, LOW, HIGH));
      drawHandles(ends);
      drawNames(ends);
      drawPoints(gate, current);
      return ends !== null;
    }

    return { element: root, draw };
  }

  function drawAxes(group) {
    const [left, right, top, bottom] = [toX(LOW), toX(HIGH), toY(HIGH), toY(LOW)];
    const path = (name, d) => svg("path", { class: name, d });
    const lines = [-0.5, 0.5, 1, 1.5]
      .map((t) => `M${toX(t)} ${top} V${bottom} M${left} ${toY(t)} H${right}`)
      .join(" ");
    const zero = `M${toX(0)} ${top} V${bottom} M${left} ${toY(0)} H${right}`;
    const frame = `M${left} ${top} H${right} V${bottom} H${left} Z`;
    group.append(
      path("exploration-grid", lines),
      path("exploration-zero", zero),
      path("exploration-frame", frame),
    );
    for (const t of [0, 1]) {
      const across = { x: toX(t), y: bottom + 18, "text-anchor": "middle" };
      const up = { x: left - 9, y: toY(t) + 5, "text-anchor": "end" };
      group.append(svg("text", across, String(t)), svg("text", up, String(t)));
    }
    const { svgFormula } = globalThis.Exploration;
    group.append(
      svgFormula({ x: toX(0.5), y: bottom + 30, "text-anchor": "middle" }, "x_1"),
      svgFormula({ x: left - 22, y: toY(0.5) + 5, "text-anchor": "middle" }, "x_2"),
    );
  }

  /** The table of the four examples. */
  function truthTable(weights, gate, current) {
    const head = ["$x_1$", "$x_2$", "target $d$", "$z$", "output $y$", ""];
    const rows = INPUTS.map((x, i) => {
      const d = GATES[gate][i];
      const y = predict(weights, x);
      const right = y === d;
      return html(
        "tr",
        { class: i === current ? "exploration-row-current" : null },
        html("td", null, String(x[0])),
        html("td", null, String(x[1])),
        html("td", null, icon(classMark(d, 11, 11, 7)), String(d)),
        html("td", null, short(preactivation(weights, x))),
        html("td", null, String(y)),
        html("td", null, icon(verdictMark(right, 11, 11)), right ? "right" : "wrong"),
      );
    });
    const cells = head.map((text, i) =>
      i === head.length - 1
        ? html(
            "th",
            { scope: "col" },
            html("span", { class: "exploration-hidden" }, "right or wrong"),
          )
        : html("th", { scope: "col" }, rich(text)),
    );
    return [html("thead", null, html("tr", null, cells)), html("tbody", null, rows)];
  }

  /** What the rule did with the last example, with its numbers. */
  function exampleLines(last, eta) {
    const { x, d, z, y, e, before, after, index, epoch } = last;
    const sum =
      `${short(before.w1)}·${x[0]} ` + `${term(before.w2)}·${x[1]} ${term(before.b)}`;
    const lines = [
      `Epoch ${epoch}, example ${index + 1} of 4: $x = ${pair(...x)}$, $d = ${d}$`,
      `$z = w_1x_1 + w_2x_2 + b = ${sum} = ${short(z)}$`,
      `$y = "step"(${short(z)}) = ${y}$, so $e = d − y = ${d} − ${y} = ${short(e)}$`,
    ];
    if (e === 0) return [...lines, "$e = 0$: the output is right, nothing changes."];
    const change = `${eta}·${factor(e)}`;
    return [
      ...lines,
      `$w ← w + η e x = ${pair(before.w1, before.w2)} + ${change}·${pair(...x)} = ` +
        `${pair(after.w1, after.w2)}$`,
      `$b ← b + η e = ${short(before.b)} + ${change} = ${short(after.b)}$`,
    ];
  }

  function outcomeText(run) {
    const { outcome, ends } = run;
    if (outcome === null) return null;
    if (outcome.kind === "converged") {
      const { epoch } = outcome;
      const count = epoch === 1 ? "1 epoch" : `${epoch} epochs`;
      return (
        `Converged after ${count}: the last one passed without a mistake. ` +
        `The weights are $(b, w_1, w_2) = ${triple(ends[epoch].weights)}$, ` +
        "one of infinitely many solutions."
      );
    }
    const { first, again } = outcome;
    const earlier = first === 0 ? "at the start" : `after epoch ${first}`;
    return (
      `Going round in circles: after epoch ${again} the weights ` +
      `$(b, w_1, w_2) = ${triple(ends[again].weights)}$ are again what they were ` +
      `${earlier}. The same weights lead to the same corrections, for ever.`
    );
  }

  /** The last epochs as a table; the epochs that show a cycle are marked. */
  function epochTable(run) {
    const shown = run.ends.map((end, epoch) => ({ ...end, epoch })).slice(-6);
    const cycle = run.outcome?.kind === "cycle" ? run.outcome : null;
    const rows = shown.map(({ epoch, mistakes, weights }) => {
      const repeats =
        cycle !== null && sameWeights(weights, run.ends[cycle.again].weights);
      return html(
        "tr",
        { class: repeats ? "exploration-row-repeat" : null },
        html("td", null, epoch === 0 ? "start" : String(epoch)),
        html("td", null, mistakes === null ? "" : String(mistakes)),
        html("td", null, triple(weights), repeats ? " ↻" : ""),
      );
    });
    const head = ["epoch", "mistakes", "$(b, w_1, w_2)$ at its end"];
    return [
      html("caption", null, "The last epochs"),
      tableHead(head),
      html("tbody", null, rows),
    ];
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const frame = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: spokenScore,
      pause: 500,
      reset: restart,
    });
    const { state, live, share } = frame;
    let run = null;
    let before = null; // the weights before the last update: the dashed line
    const weightsOf = ({ w1, w2, b }) => ({ w1, w2, b });

    /* Controls */
    const gates = Exploration.choice({
      legend: "Gate",
      options: Object.keys(GATES).map((gate) => [gate, gate.toUpperCase()]),
      onchange: (gate) => {
        state.gate = gate;
        changed();
      },
    });
    const weightSlider = (key, label, name) =>
      Exploration.slider({
        label,
        name,
        min: -SLIDER,
        max: SLIDER,
        step: 0.1,
        limit: LIMIT,
        oninput: (value) => {
          state[key] = value;
          changed();
        },
      });
    const sliders = {
      w1: weightSlider("w1", "$w_1$", "Weight w1"),
      w2: weightSlider("w2", "$w_2$", "Weight w2"),
      b: weightSlider("b", "$b$", "Bias b"),
    };
    const plane = buildPlane((weights) => {
      Object.assign(state, weights);
      changed();
    });
    const eta = Exploration.select({
      label: "Learning rate $η$",
      options: SCHEMA.eta.options.map((value) => [value, value]),
      onchange: (value) => {
        state.eta = value;
        changed();
      },
    });
    const learn = (move) => () => {
      const weights = run.weights;
      run = move(run, state.gate, Number(state.eta));
      before = weights;
      Object.assign(state, run.weights);
      draw();
      share.save();
      live.say(spokenRun());
    };
    const buttons = [
      Exploration.button("Next example", learn(advance), "primary"),
      Exploration.button("Run one epoch", learn(runEpoch)),
      Exploration.button("Start from zeros", () => {
        Object.assign(state, { w1: 0, w2: 0, b: 0 });
        changed();
        live.say("All weights are zero. The rule starts with the example (0, 0).");
      }),
    ];

    /* What the controls change */
    const equation = html("p", { class: "exploration-equation" });
    const table = html("table", { class: "exploration-table" });
    const score = html("p", { class: "exploration-score" });
    const remark = html("p", { class: "exploration-remark" });
    const counts = html("p", { class: "exploration-counts" });
    const example = html("div", { class: "exploration-panel exploration-example" });
    const outcome = html("p", { class: "exploration-outcome" });
    const epochs = html("table", { class: "exploration-table exploration-epochs" });

    function restart() {
      run = startRun(weightsOf(state));
      before = null;
    }

    function changed() {
      restart();
      frame.changed();
    }

    function spokenScore() {
      return `The line classifies ${countRight(state, state.gate)} of 4 points rightly.`;
    }

    function spokenRun() {
      const { last } = run;
      const text = outcomeText(run)?.replaceAll("$", "").replaceAll("_", "") ?? "";
      const change =
        last.e === 0
          ? "right, nothing changes."
          : `wrong, b is now ${short(state.b)}, ` +
            `w is now ${pair(state.w1, state.w2)}.`;
      return (
        `Epoch ${last.epoch}, example ${last.index + 1}, ${pair(...last.x)}: ` +
        `${change} ${spokenScore()} ${text}`
      );
    }

    function remarkText(visible) {
      const { w1, w2, b, gate } = state;
      if (w1 === 0 && w2 === 0) {
        return (
          `With $w = (0, 0)$ there is no line: the output is $"step"(b) = ${step(b)}$ ` +
          "everywhere."
        );
      }
      if (!visible) return "The line lies outside the picture.";
      if (gate === "xor") return "XOR: no line gets more than 3 of 4 points right.";
      if (countRight(state, gate) === 4) return "Other lines do this as well.";
      return "Drag the line, or the arrow to turn it about its grip.";
    }

    const count = (n, noun) =>
      html("span", null, html("b", null, String(n)), ` ${noun}${n === 1 ? "" : "s"}`);

    function draw() {
      const { gate } = state;
      const weights = weightsOf(state);
      const current = run.last === null ? null : run.last.index;
      const visible = plane.draw(weights, gate, { current, before });
      gates.set(gate);
      eta.set(state.eta);
      for (const key of ["w1", "w2", "b"]) sliders[key].set(state[key]);
      equation.replaceChildren(
        ...rich(
          `$y = "step"(${short(state.w1)} x_1 ${term(state.w2)} x_2 ${term(state.b)})$`,
        ),
      );
      table.replaceChildren(...truthTable(weights, gate, current));
      const right = countRight(weights, gate);
      score.textContent = `It classifies ${right} of 4 points rightly.`;
      score.dataset.all = String(right === 4);
      remark.replaceChildren(...rich(remarkText(visible)));
      counts.replaceChildren(count(run.updates, "update"), count(run.epoch, "epoch"));
      const lines = run.last
        ? exampleLines(run.last, state.eta)
        : [
            "The rule visits (0, 0), (0, 1), (1, 0), (1, 1) in turn, from these " +
              "weights on. Press “Next example”, or start from zeros.",
          ];
      example.replaceChildren(...lines.map((line) => html("p", null, rich(line))));
      const text = outcomeText(run);
      outcome.hidden = text === null;
      outcome.dataset.kind = run.outcome?.kind ?? "";
      outcome.replaceChildren(...(text === null ? [] : rich(text)));
      epochs.hidden = run.epoch === 0;
      epochs.replaceChildren(...(run.epoch === 0 ? [] : epochTable(run)));
    }

    const legend = html(
      "ul",
      { class: "exploration-legend" },
      html("li", null, icon(classMark(1, 11, 11, 7)), "target 1"),
      html("li", null, icon(classMark(0, 11, 11, 7)), "target 0"),
      html("li", null, html("span", { class: "exploration-swatch" }), "output 1"),
      html("li", null, icon(verdictMark(true, 11, 11)), "right"),
      html("li", null, icon(verdictMark(false, 11, 11)), "wrong"),
    );
    return frame.body(
      html("div", { class: "exploration-bar" }, gates.element),
      html(
        "div",
        { class: "exploration-columns" },
        html("div", { class: "exploration-picture" }, plane.element, legend),
        html(
          "div",
          { class: "exploration-side" },
          equation,
          html(
            "div",
            { class: "exploration-sliders" },
            sliders.w1.element,
            sliders.w2.element,
            sliders.b.element,
          ),
          table,
          score,
          remark,
        ),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "The learning rule" },
        html("p", { class: "exploration-heading" }, "The learning rule"),
        html("div", { class: "exploration-actions" }, buttons, eta.element, counts),
        html(
          "div",
          { class: "exploration-columns exploration-columns-rule" },
          html("div", null, example, outcome),
          html("div", null, epochs),
        ),
      ),
    );
  }

  globalThis.Exploration.mount("perceptron", build);
})();
