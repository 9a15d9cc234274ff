/*
 * Exploration "fully_connected": a playground. A small network learns to tell two
 * classes in the plane apart, while we watch the decision surface, the losses, the
 * weights, and what each neuron makes of the plane.
 *
 * The mathematics is in engine.js. Here: what the reader sets, then the drawing, then
 * the user interface.
 */
(function () {
  "use strict";

  const engine =
    typeof module === "undefined"
      ? globalThis.ExplorationEngine
      : require("./engine.js");

  /* ====================== Settings ====================== */

  const MOST_LAYERS = 4;
  const MOST_NEURONS = 8;

  /** All ways to choose at least one feature, written "x1-x2". */
  function featureChoices() {
    const names = Object.keys(engine.FEATURES);
    return Array.from({ length: 2 ** names.length - 1 }, (_, index) =>
      names.filter((_, bit) => (index + 1) & (1 << bit)).join("-"),
    );
  }

  /** All sizes of up to four hidden layers, written "4-2", or "none". */
  function hiddenChoices() {
    const sizes = Array.from({ length: MOST_NEURONS }, (_, i) => String(i + 1));
    let longest = [""];
    const all = ["none"];
    for (let depth = 1; depth <= MOST_LAYERS; depth += 1) {
      longest = longest.flatMap((head) =>
        sizes.map((size) => (head === "" ? size : `${head}-${size}`)),
      );
      all.push(...longest);
    }
    return all;
  }

  const oneOf = (options, initial, always = false) => ({
    kind: "choice",
    options: options.map(String),
    initial: String(initial),
    always,
  });

  /** The state that the URL's hash holds. */
  const SCHEMA = {
    data: oneOf(Object.keys(engine.DATASETS), "circle", true),
    noise: { kind: "number", min: 0, max: 1, initial: 0.1 },
    test: { kind: "number", min: 10, max: 90, initial: 50 },
    seed: { kind: "number", min: 1, max: 9999, initial: 1 },
    features: oneOf(featureChoices(), "x1-x2"),
    hidden: oneOf(hiddenChoices(), "4-2", true),
    activation: oneOf(Object.keys(engine.ACTIVATIONS), "tanh"),
    output: oneOf(Object.keys(engine.OUTPUTS), "cross_entropy"),
    eta: oneOf([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3], 0.1),
    batch: oneOf([1, 2, 5, 10, 20, 50, "all"], 10),
    reg: oneOf(Object.keys(engine.PENALTIES), "none"),
    lambda: oneOf([0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1], 0.001),
    speed: oneOf(["slow", "normal", "fast"], "normal"),
  };

  const featuresOf = (state) => state.features.split("-");
  const hiddenOf = ({ hidden }) => (hidden === "none" ? [] : hidden.split("-").map(Number));
  const joined = (sizes) => (sizes.length === 0 ? "none" : sizes.join("-"));

  /** What `engine.startRun` needs, from the state. */
  function settingOf(state) {
    return {
      data: { kind: state.data, noise: state.noise, share: state.test / 100 },
      features: featuresOf(state),
      hidden: hiddenOf(state),
      activation: state.activation,
      output: state.output,
      seed: Math.round(state.seed),
    };
  }

  /** What `engine.step` needs, from the state; a new value counts from the next step. */
  function optionsOf(state) {
    return {
      batchSize: state.batch === "all" ? Infinity : Number(state.batch),
      eta: Number(state.eta),
      regularization: state.reg,
      lambda: Number(state.lambda),
    };
  }

  /** The losses of a run over its epochs, thinned out as they grow. */
  function addToHistory(history, entry, most = 400) {
    const last = history[history.length - 1];
    if (last && entry.epoch <= last.epoch) history.pop();
    history.push(entry);
    if (history.length <= most) return;
    // keep the first, every second one, and the last
    for (let i = 1; i < history.length - 1; i += 1) history.splice(i, 1);
  }

  const settings = {
    SCHEMA,
    MOST_LAYERS,
    MOST_NEURONS,
    settingOf,
    optionsOf,
    addToHistory,
  };

  if (typeof module !== "undefined") module.exports = settings;
  if (typeof document === "undefined") return;

  const { Exploration } = globalThis;
  const { html, svg, rich, fixed, short, signed } = Exploration;
  const { EXTENT, OUTPUTS } = engine;

  /* ====================== Colors ====================== */

  const SHADES = 255; // of the heat map, from class 0 over the page's color to class 1

  function rgbOf(color) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d");
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }

  /** The page's colors, and the shades of the heat map as pixels. */
  function readPalette(element) {
    const style = getComputedStyle(element);
    const names = ["page", "text", "muted", "line", "control", "blue", "orange"];
    const colors = Object.fromEntries(
      names.map((name) => [name, style.getPropertyValue(`--x-${name}`).trim()]),
    );
    const [page, blue, orange] = ["page", "blue", "orange"].map((name) =>
      rgbOf(colors[name]),
    );
    const shades = new Uint32Array(SHADES);
    const bytes = new Uint8Array(shades.buffer);
    for (let i = 0; i < SHADES; i += 1) {
      const t = (2 * i) / (SHADES - 1) - 1;
      const [end, part] = [t < 0 ? orange : blue, 0.6 * Math.abs(t)];
      for (let c = 0; c < 3; c += 1) {
        bytes[4 * i + c] = Math.round(page[c] + part * (end[c] - page[c]));
      }
      bytes[4 * i + 3] = 255;
    }
    return { ...colors, shades, font: style.fontFamily };
  }

  /* ====================== Pictures ====================== */

  /** A canvas that is as sharp as the screen; `resize` returns whether it changed. */
  function createCanvas(attributes) {
    const node = html("canvas", attributes);
    const context = node.getContext("2d");
    const size = { width: 0, height: 0 };
    const resize = (width, height) => {
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (node.width === w && node.height === h && size.width === width) return false;
      Object.assign(node, { width: w, height: h });
      Object.assign(node.style, { width: `${width}px`, height: `${height}px` });
      Object.assign(size, { width, height });
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      return true;
    };
    return { node, context, size, resize };
  }

  /** How an activation becomes a shade in [−1, 1]: gain · a + shift; `ends` name it. */
  function scaleOf(activation, values, start, count) {
    if (activation === "tanh") return { gain: 1, shift: 0, ends: ["−1", "0", "1"] };
    if (activation === "sigmoid") return { gain: 2, shift: -1, ends: ["0", "½", "1"] };
    let most = 1e-9;
    for (let i = start; i < start + count; i += 1) {
      most = Math.max(most, Math.abs(values[i]));
    }
    const text = short(most, most < 1 ? 2 : 1);
    const low = activation === "relu" ? "" : `−${text}`;
    return { gain: 1 / most, shift: 0, ends: [low, "0", text] };
  }

  /** Pixels of one neuron's picture; `pixels` belongs to an ImageData. */
  function shade(pixels, shades, values, start, count, { gain, shift }) {
    const half = (SHADES - 1) / 2;
    for (let i = 0; i < count; i += 1) {
      const t = gain * values[start + i] + shift;
      const index = half + half * (t > 1 ? 1 : t < -1 ? -1 : t);
      pixels[i] = shades[(index + 0.5) | 0]; // NaN becomes 0
    }
  }

  /** Small canvas of size × size for one picture, to be drawn larger elsewhere. */
  function createTile(size) {
    const node = html("canvas", { width: size, height: size });
    const context = node.getContext("2d");
    const image = context.createImageData(size, size);
    const pixels = new Uint32Array(image.data.buffer);
    const paint = (shades, values, neuron, scale) => {
      shade(pixels, shades, values, neuron * size * size, size * size, scale);
      context.putImageData(image, 0, 0);
      return node;
    };
    return { node, paint };
  }

  /** The line z = 0 through a grid, by marching squares, added to the path. */
  function traceZero(context, Z, start, size, place) {
    const between = (i, p, j, q) => {
      const [u, v] = [Z[start + i], Z[start + j]];
      const t = u / (u - v);
      return [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
    };
    for (let row = 0; row < size - 1; row += 1) {
      for (let col = 0; col < size - 1; col += 1) {
        const at = row * size + col;
        const ids = [at, at + 1, at + size + 1, at + size];
        const above = ids.map((i) => Z[start + i] >= 0);
        if (above[0] === above[1] && above[1] === above[2] && above[2] === above[3]) {
          continue;
        }
        const corners = [
          [col, row],
          [col + 1, row],
          [col + 1, row + 1],
          [col, row + 1],
        ];
        const cuts = [];
        for (let side = 0; side < 4; side += 1) {
          const next = (side + 1) % 4;
          if (above[side] === above[next]) continue;
          cuts.push(between(ids[side], corners[side], ids[next], corners[next]));
        }
        for (let i = 0; i + 1 < cuts.length; i += 2) {
          context.moveTo(...place(...cuts[i]));
          context.lineTo(...place(...cuts[i + 1]));
        }
      }
    }
  }

  /** The mark of a class: a disk for 1, a square for 0; test examples are hollow. */
  function drawMark(context, x, y, label, isTest, palette, size = 3.6) {
    const color = label === 1 ? palette.blue : palette.orange;
    context.beginPath();
    if (label === 1) context.arc(x, y, size, 0, 2 * Math.PI);
    else context.rect(x - 0.88 * size, y - 0.88 * size, 1.76 * size, 1.76 * size);
    context.fillStyle = isTest ? palette.page : color;
    context.strokeStyle = isTest ? color : palette.page;
    context.lineWidth = isTest ? 1.6 : 1.1;
    context.fill();
    context.stroke();
  }

  /* ====================== The large picture ====================== */

  const MARGIN = { left: 30, right: 8, top: 8, bottom: 30 };

  function createSurface() {
    const canvas = createCanvas({ role: "img", class: "exploration-play-canvas" });
    const points = createCanvas({}); // drawn once for each data set
    let tile = null;
    let drawnPoints = null;

    const side = () => canvas.size.width - MARGIN.left - MARGIN.right;
    const toX = (x1) => MARGIN.left + ((x1 + EXTENT) / (2 * EXTENT)) * side();
    const toY = (x2) => MARGIN.top + ((EXTENT - x2) / (2 * EXTENT)) * side();

    function layout(width) {
      const height = width - MARGIN.left - MARGIN.right + MARGIN.top + MARGIN.bottom;
      if (!canvas.resize(width, height)) return;
      points.resize(width, height);
      drawnPoints = null;
    }

    function drawPoints(data, showTest, palette) {
      const key = [data, showTest, palette];
      if (drawnPoints && key.every((part, i) => part === drawnPoints[i])) return;
      drawnPoints = key;
      const { context, size } = points;
      context.clearRect(0, 0, size.width, size.height);
      const parts = showTest ? ["test", "train"] : ["train"];
      for (const part of parts) {
        const { x1, x2, label } = data[part];
        for (let i = 0; i < label.length; i += 1) {
          drawMark(context, toX(x1[i]), toY(x2[i]), label[i], part === "test", palette);
        }
      }
    }

    function drawAxes(palette) {
      const { context } = canvas;
      const [left, right, top, bottom] = [
        toX(-EXTENT),
        toX(EXTENT),
        toY(EXTENT),
        toY(-EXTENT),
      ];
      context.strokeStyle = palette.control;
      context.lineWidth = 1;
      context.strokeRect(left, top, right - left, bottom - top);
      context.fillStyle = palette.muted;
      context.font = `12px ${palette.font}`;
      const ends = [-2, 0, 2];
      context.textAlign = "center";
      context.textBaseline = "top";
      for (const t of ends) context.fillText(short(t), toX(t), bottom + 6);
      context.textAlign = "right";
      context.textBaseline = "middle";
      for (const t of ends) context.fillText(short(t), left - 6, toY(t));
      context.beginPath();
      for (const t of ends) {
        context.moveTo(toX(t), bottom);
        context.lineTo(toX(t), bottom + 4);
        context.moveTo(left - 4, toY(t));
        context.lineTo(left, toY(t));
      }
      context.stroke();
      context.fillStyle = palette.text;
      context.font = "italic 15px serif";
      context.textAlign = "center";
      context.fillText("x₁", toX(1), bottom + 15);
      context.fillText("x₂", left - 14, toY(1));
    }

    /** Draw the neuron `shown` = [layer, neuron] of a grid; returns its scale. */
    function draw({ grid, shown: [l, j], activation, data, showTest, palette }) {
      const { context, size } = canvas;
      if (tile === null || tile.node.width !== grid.size) tile = createTile(grid.size);
      const count = grid.size * grid.size;
      const scale = scaleOf(activation, grid.A[l], j * count, count);
      context.clearRect(0, 0, size.width, size.height);
      const picture = tile.paint(palette.shades, grid.A[l], j, scale);
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = "high";
      const [left, top] = [toX(-EXTENT), toY(EXTENT)];
      context.drawImage(picture, left, top, side(), side());
      const cell = side() / grid.size;
      context.beginPath();
      traceZero(context, grid.Z[l], j * count, grid.size, (col, row) => [
        left + (col + 0.5) * cell,
        top + (row + 0.5) * cell,
      ]);
      context.strokeStyle = palette.text;
      context.lineWidth = 1.8;
      context.stroke();
      drawPoints(data, showTest, palette);
      context.drawImage(points.node, 0, 0, size.width, size.height);
      drawAxes(palette);
      return scale;
    }

    return { node: canvas.node, layout, draw };
  }

  /* ====================== The losses ====================== */

  /** The end of an axis that holds `most`, with a half that is short to write, too. */
  function roundUp(most) {
    const power = 10 ** Math.floor(Math.log10(most));
    return [1, 2, 3, 4, 5, 6, 8, 10]
      .map((factor) => factor * power)
      .find((end) => end >= most * 0.999);
  }

  function createChart() {
    const canvas = createCanvas({ role: "img", class: "exploration-play-canvas" });
    const layout = (width) => canvas.resize(width, 150);

    function draw(history, palette) {
      const { context, size } = canvas;
      const [left, right, top, bottom] = [36, size.width - 10, 10, size.height - 22];
      const last = history[history.length - 1];
      const losses = history.flatMap(({ train, test }) => [train, test]);
      const most = roundUp(Math.max(1e-3, ...losses.filter(Number.isFinite)));
      const end = Math.max(10, last.epoch);
      const toX = (epoch) => left + (epoch / end) * (right - left);
      const toY = (loss) => bottom - (Math.min(loss, most) / most) * (bottom - top);
      context.clearRect(0, 0, size.width, size.height);
      context.lineWidth = 1;
      context.strokeStyle = palette.line;
      context.fillStyle = palette.muted;
      context.font = `12px ${palette.font}`;
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.beginPath();
      for (const loss of [0, most / 2, most]) {
        context.moveTo(left, Math.round(toY(loss)) + 0.5);
        context.lineTo(right, Math.round(toY(loss)) + 0.5);
        context.fillText(short(loss, 4), left - 5, toY(loss));
      }
      context.stroke();
      context.textBaseline = "top";
      context.fillText(`epoch ${short(end, 0)}`, right, bottom + 6);
      context.textAlign = "left";
      context.fillText("0", left, bottom + 6);
      const line = (key, color, dash, width) => {
        context.beginPath();
        for (const entry of history) context.lineTo(toX(entry.epoch), toY(entry[key]));
        context.strokeStyle = color;
        context.lineWidth = width;
        context.setLineDash(dash);
        context.stroke();
        context.setLineDash([]);
        context.beginPath();
        context.arc(toX(last.epoch), toY(last[key]), width + 0.8, 0, 2 * Math.PI);
        context.fillStyle = color;
        context.fill();
      };
      context.lineJoin = "round";
      line("test", palette.muted, [5, 4], 1.8);
      line("train", palette.text, [], 2.2);
    }

    return { node: canvas.node, layout, draw };
  }

  /* ====================== The network ====================== */

  const FEATURE_FORMULAS = {
    x1: "x_1",
    x2: "x_2",
    x1x1: "x_1^2",
    x2x2: "x_2^2",
    x1x2: "x_1x_2",
    sinx1: '"sin " x_1',
    sinx2: '"sin " x_2',
  };
  const FEATURE_NAMES = {
    x1: "x1",
    x2: "x2",
    x1x1: "x1 squared",
    x2x2: "x2 squared",
    x1x2: "x1 times x2",
    sinx1: "sine of x1",
    sinx2: "sine of x2",
  };
  const ALL_FEATURES = Object.keys(engine.FEATURES);

  /** Where everything is: columns for the features and the layers 1 … L. */
  function placeNetwork(width, hidden) {
    const narrow = width < 520;
    const node = narrow ? 30 : 38;
    const pitch = narrow ? 39 : 47;
    const label = narrow ? 42 : 48;
    const first = label + node / 2;
    const end = width - node / 2 - (narrow ? 4 : 24);
    const gap = (end - first) / (hidden.length + 1);
    const stacked = gap < 56; // no room for two buttons side by side
    const top = stacked ? 96 : 62; // below the headings
    const rows = Math.max(ALL_FEATURES.length, ...hidden);
    const height = top + rows * pitch;
    const column = (x, count) =>
      Array.from({ length: count }, (_, i) => ({
        x,
        y: top + (i + 0.5 + (rows - count) / 2) * pitch,
      }));
    const columns = [
      column(first, ALL_FEATURES.length),
      ...hidden.map((count, i) => column(first + (i + 1) * gap, count)),
      column(end, 1),
    ];
    return { width, height, node, stacked, top, label, gap, columns };
  }

  /** The nodes of the inputs in use, then those of the layers. */
  function nodesOf(place, features) {
    const inputs = features.map((name) => place.columns[0][ALL_FEATURES.indexOf(name)]);
    return [inputs, ...place.columns.slice(1)];
  }

  const lineWidth = (w) => 0.6 + 5.4 * Math.tanh(Math.abs(w) / 2.5);

  /** A point of the curve from p to q that a weight is drawn as, t from 0 to 1. */
  function onCurve(p, q, t) {
    const s = 1 - t;
    const middle = (p.x + q.x) / 2;
    return {
      x: s * s * s * p.x + 3 * s * t * middle + t * t * t * q.x,
      y: (s * s * s + 3 * s * s * t) * p.y + (3 * s * t * t + t * t * t) * q.y,
    };
  }

  function createNetworkPicture() {
    const canvas = createCanvas({
      class: "exploration-play-canvas",
      "aria-hidden": "true",
    });
    let tile = null;
    let inputTile = null;

    function drawLink(context, place, [p, q], w, palette, state) {
      const half = place.node / 2;
      const [from, to] = [
        { x: p.x + half, y: p.y },
        { x: q.x - half, y: q.y },
      ];
      const middle = (from.x + to.x) / 2;
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.bezierCurveTo(middle, from.y, middle, to.y, to.x, to.y);
      if (state === "marked") {
        context.strokeStyle = palette.text;
        context.lineWidth = lineWidth(w) + 4;
        context.globalAlpha = 0.28;
        context.setLineDash([]);
        context.stroke();
      }
      context.globalAlpha = state === "quiet" ? 0.5 : 1;
      context.strokeStyle = w < 0 ? palette.orange : palette.blue;
      context.lineWidth = lineWidth(w);
      context.setLineDash(w < 0 ? [6, 4] : []);
      context.stroke();
      context.globalAlpha = 1;
    }

    function drawLinks(view) {
      const { place, network, palette, shown, marked } = view;
      const { context } = canvas;
      const nodes = nodesOf(place, view.features);
      const links = [];
      for (let l = 1; l < network.sizes.length; l += 1) {
        const before = network.sizes[l - 1];
        network.W[l].forEach((w, index) => {
          const [j, k] = [Math.floor(index / before), index % before];
          const isMarked =
            marked && marked.l === l && marked.j === j && marked.k === k;
          const loud = shown[0] === l && shown[1] === j;
          const state = isMarked ? "marked" : loud ? "loud" : "quiet";
          links.push({ ends: [nodes[l - 1][k], nodes[l][j]], w, state });
        });
      }
      const order = ["quiet", "loud", "marked"]; // what is marked lies on top
      links.sort((p, q) => order.indexOf(p.state) - order.indexOf(q.state));
      for (const { ends, w, state } of links) {
        drawLink(context, place, ends, w, palette, state);
      }
      context.setLineDash([]);
    }

    function drawFrame(context, { x, y }, half, palette, kind) {
      context.strokeStyle = kind === "shown" ? palette.text : palette.control;
      context.lineWidth = kind === "shown" ? 3 : 1.2;
      context.setLineDash(kind === "off" ? [3, 3] : []);
      context.strokeRect(x - half, y - half, 2 * half, 2 * half);
      context.setLineDash([]);
    }

    function drawInputs({ place, features, palette }) {
      const { context } = canvas;
      const size = 32;
      if (inputTile === null) {
        inputTile = createTile(size);
        inputTile.values = engine.inputOf(engine.gridPoints(size), ALL_FEATURES);
      }
      const half = place.node / 2;
      ALL_FEATURES.forEach((name, j) => {
        const { values } = inputTile;
        const scale = scaleOf("linear", values, j * size * size, size * size);
        const picture = inputTile.paint(palette.shades, values, j, scale);
        const { x, y } = place.columns[0][j];
        const on = features.includes(name);
        context.globalAlpha = on ? 1 : 0.3;
        context.drawImage(picture, x - half, y - half, 2 * half, 2 * half);
        context.globalAlpha = 1;
        drawFrame(context, { x, y }, half, palette, on ? "on" : "off");
      });
    }

    function drawNeurons({ place, network, grid, palette, shown }) {
      const { context } = canvas;
      if (tile === null || tile.node.width !== grid.size) tile = createTile(grid.size);
      const count = grid.size * grid.size;
      const half = place.node / 2;
      for (let l = 1; l < network.sizes.length; l += 1) {
        const activation = activationOf(network, l);
        for (let j = 0; j < network.sizes[l]; j += 1) {
          const scale = scaleOf(activation, grid.A[l], j * count, count);
          const picture = tile.paint(palette.shades, grid.A[l], j, scale);
          const { x, y } = place.columns[l][j];
          context.drawImage(picture, x - half, y - half, 2 * half, 2 * half);
          const isShown = shown[0] === l && shown[1] === j;
          drawFrame(context, { x, y }, half, palette, isShown ? "shown" : "on");
        }
      }
    }

    function draw(view) {
      const { place } = view;
      canvas.resize(place.width, place.height);
      canvas.context.clearRect(0, 0, place.width, place.height);
      drawLinks(view);
      drawInputs(view);
      drawNeurons(view);
    }

    return { node: canvas.node, draw };
  }

  const activationOf = (network, l) =>
    l === network.sizes.length - 1
      ? OUTPUTS[network.output].activation
      : network.activation;

  /** The weight {l, j, k} that is drawn nearest to a point, or null. */
  function weightNear(point, place, features, sizes) {
    const nodes = nodesOf(place, features);
    const half = place.node / 2;
    let best = { distance: 9, weight: null };
    for (let l = 1; l < sizes.length; l += 1) {
      for (let j = 0; j < sizes[l]; j += 1) {
        for (let k = 0; k < sizes[l - 1]; k += 1) {
          const from = { x: nodes[l - 1][k].x + half, y: nodes[l - 1][k].y };
          const to = { x: nodes[l][j].x - half, y: nodes[l][j].y };
          if (point.x < from.x || point.x > to.x) continue;
          for (let t = 0; t <= 1; t += 1 / 24) {
            const { x, y } = onCurve(from, to, t);
            const distance = Math.hypot(x - point.x, y - point.y);
            if (distance < best.distance) best = { distance, weight: { l, j, k } };
          }
        }
      }
    }
    return best.weight;
  }

  /* ====================== User interface ====================== */

  const FINE = 100; // grid of the large picture while nothing moves
  const FRAME_MS = 7; // of training in one frame; the rest is for the picture
  const EPOCHS_A_FRAME = { slow: 1, normal: 1, fast: 10 };
  const SLOW_PAUSE = 100; // ms between two epochs
  const SPEAK_EVERY = 6000; // ms between two reports of the losses
  const DATA_NAMES = { blobs: "Blobs", circle: "Circle", xor: "XOR", spiral: "Spiral" };
  const ACTIVATION_NAMES = {
    tanh: "tanh",
    sigmoid: "sigmoid",
    relu: "ReLU",
    linear: "linear",
  };
  const FUNCTIONS = { tanh: '"tanh"', sigmoid: "σ", relu: '"ReLU"', linear: "" };
  const COSTS = {
    cross_entropy: {
      name: "sigmoid, cross-entropy",
      text:
        "Cost $C$: the mean over the examples of the cross-entropy " +
        '$−y "ln" a − (1 − y) "ln"(1 − a)$, where $a$ is the output, $y = 1$ for ' +
        "blue disks and $y = 0$ for orange squares",
    },
    squared: {
      name: "tanh, squared error",
      text:
        "Cost $C$: the mean over the examples of $½(a − y)^2$, where $a$ is the " +
        "output, $y = 1$ for blue disks and $y = −1$ for orange squares",
    },
  };
  const PENALTY_TEXTS = {
    none: ".",
    l1: ". Training also counts $λ Σ|w|$; the numbers here do not.",
    l2: ". Training also counts $½λ Σw^2$; the numbers here do not.",
  };
  const percent = (share) => `${fixed(100 * share, 1)} %`;
  const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  /** "layer 1, neuron 2" or "output neuron". */
  function neuronName(sizes, [l, j]) {
    return l === sizes.length - 1
      ? "output neuron"
      : `hidden layer ${l}, neuron ${j + 1}`;
  }

  /** What a weight comes from, in words. */
  function sourceName(features, l, k) {
    return l === 1 ? FEATURE_NAMES[features[k]] : `neuron ${k + 1} of layer ${l - 1}`;
  }

  const weightFormula = ({ l, j, k }) => `W^${l}_{${j + 1}${k + 1}}`;

  /** A small picture of a data set for its button. */
  function thumbnail(kind) {
    const data = engine.makeData({ kind, noise: 0, share: 0, seed: 5, count: 80 });
    const { x1, x2, label } = data.train;
    const marks = Array.from(label, (value, i) => {
      const [x, y] = [20 + 6.6 * x1[i], 20 - 6.6 * x2[i]];
      return value === 1
        ? svg("circle", { class: "exploration-play-one", cx: x, cy: y, r: 1.5 })
        : svg("rect", {
            class: "exploration-play-zero",
            x: x - 1.3,
            y: y - 1.3,
            width: 2.6,
            height: 2.6,
          });
    });
    const attributes = { viewBox: "1 1 38 38", "aria-hidden": "true" };
    return svg("svg", { ...attributes, class: "exploration-play-thumbnail" }, marks);
  }

  /** "−  4  +": a number with two buttons that keep the focus. */
  function stepper({ less, more, onchange }) {
    const make = (text, by) =>
      html(
        "button",
        {
          type: "button",
          class: "exploration-play-plus",
          onclick: () => onchange(by),
        },
        text,
      );
    const [minus, plus] = [make("−", -1), make("+", 1)];
    const count = html("span", { class: "exploration-play-count" });
    const element = html(
      "span",
      { class: "exploration-play-stepper" },
      minus,
      count,
      plus,
    );
    const set = (value, low, high) => {
      count.textContent = value;
      minus.setAttribute("aria-label", `${less}, now ${value}`);
      plus.setAttribute("aria-label", `${more}, now ${value}`);
      minus.setAttribute("aria-disabled", String(value <= low));
      plus.setAttribute("aria-disabled", String(value >= high));
    };
    return { element, set };
  }

  function build(figure) {
    const state = Exploration.initialState(SCHEMA);
    const live = Exploration.liveRegion();
    let run = null;
    let grid = null; // the coarse one, drawn in every frame
    let fine = null; // the one of the large picture at rest
    let history = [];
    let measured = null; // {train, test} of the last evaluation
    let palette = null;
    let place = null;
    let shown = [1, 0]; // the neuron in the large picture: [layer, neuron]
    let preview = null; // the neuron under the pointer
    let marked = null; // the weight under the pointer or with the focus
    let showTest = false;
    let playing = false;
    let visible = true;
    let request = 0;

    const share = Exploration.shareState({
      figure,
      name: "fully_connected",
      schema: SCHEMA,
      live,
      read: () => state,
      apply: (loaded) => {
        Object.assign(state, loaded, { seed: Math.round(loaded.seed) });
        stop();
        restartFromOutput();
        live.say(`Setting loaded. ${spokenLosses()}`);
      },
    });

    /* ---------- Training ---------- */

    function restart() {
      run = engine.startRun(settingOf(state));
      const { sizes } = run.network;
      const neurons = sizes.slice(1).reduce((sum, n) => sum + n, 0);
      grid = engine.createGrid(sizes, run.features, neurons > 16 ? 40 : 56);
      fine = null;
      const L = sizes.length - 1;
      if (shown[0] >= L || shown[1] >= sizes[shown[0]]) shown = [L, 0];
      history = [];
      marked = null;
      preview = null;
      measure();
      rebuildNetwork();
      invalidate();
    }

    /** A new network structure shows the output, an old one what was shown. */
    function restartFromOutput() {
      shown = [Infinity, 0];
      restart();
    }

    function measure() {
      measured = {
        train: engine.evaluate(run, "train"),
        test: engine.evaluate(run, "test"),
      };
      const { train, test } = measured;
      const epoch = run.epoch + run.at / run.train.m;
      addToHistory(history, { epoch, train: train.loss, test: test.loss });
    }

    /** Whether the numbers are still numbers. */
    const healthy = () => Number.isFinite(measured.train.loss);

    function trainUntil(deadline, epochs) {
      const options = optionsOf(state);
      let done = 0;
      while (done < epochs && performance.now() < deadline) {
        if (engine.step(run, options)) done += 1;
      }
      measure();
    }

    let lastEpoch = 0;
    let lastDraw = 0;
    let lastSpoken = 0;
    let drawMs = 0; // running mean of what a picture costs
    let odd = false;

    function frame(now) {
      request = 0;
      if (!playing) return;
      request = requestAnimationFrame(frame);
      if (!visible) return;
      const pause = state.speed === "slow" ? SLOW_PAUSE : 0;
      if (now - lastEpoch >= pause) {
        lastEpoch = now;
        trainUntil(performance.now() + FRAME_MS, EPOCHS_A_FRAME[state.speed]);
      }
      if (!healthy()) {
        stop();
        report();
        return;
      }
      // reduced motion: two pictures a second; a slow machine: every second frame
      odd = !odd;
      const wait = Exploration.reducedMotion() ? 500 : 0;
      if (now - lastDraw < wait || (drawMs > 10 && odd)) return;
      lastDraw = now;
      const start = performance.now();
      draw(false);
      drawMs += 0.1 * (performance.now() - start - drawMs);
      if (now - lastSpoken > SPEAK_EVERY) {
        lastSpoken = now;
        live.say(spokenLosses());
      }
    }

    function start() {
      if (playing || !healthy()) return;
      playing = true;
      lastSpoken = performance.now() - SPEAK_EVERY / 2;
      showPlaying();
      if (request === 0) request = requestAnimationFrame(frame);
    }

    function stop() {
      playing = false;
      showPlaying();
      invalidate();
    }

    /** Draw at the next frame, finely: many changes in one frame cost one picture. */
    let waiting = 0;
    function invalidate() {
      if (waiting !== 0) return;
      waiting = requestAnimationFrame(() => {
        waiting = 0;
        draw(!playing);
      });
    }

    function report(prefix = "") {
      invalidate();
      live.say(`${prefix}${spokenLosses()}`);
    }

    function spokenLosses() {
      const { train, test } = measured;
      if (!healthy()) return "The weights have grown beyond all bounds. Reset.";
      return (
        `Epoch ${run.epoch}: training loss ${fixed(train.loss, 3)}, ` +
        `test loss ${fixed(test.loss, 3)}, test accuracy ${percent(test.accuracy)}.`
      );
    }

    /* ---------- Controls: running ---------- */

    const playText = html("span", null);
    const playIcon = svg("path", {});
    const play = html(
      "button",
      {
        type: "button",
        class:
          "exploration-button exploration-button-primary exploration-play-button",
        onclick: () => {
          if (playing) {
            stop();
            live.say(`Paused. ${spokenLosses()}`);
          } else {
            start();
          }
        },
      },
      svg(
        "svg",
        { viewBox: "0 0 16 16", class: "exploration-icon", "aria-hidden": "true" },
        playIcon,
      ),
      playText,
    );
    function showPlaying() {
      playText.textContent = playing ? "Pause" : "Play";
      playIcon.setAttribute("d", playing ? "M3 2h4v12H3zM9 2h4v12H9z" : "M3 1.5v13L14 8z");
    }

    const advance = (move) => () => {
      if (playing) stop();
      if (!healthy()) return;
      move(run, optionsOf(state));
      measure();
      report(`Step ${run.steps}. `);
    };
    const runButtons = [
      play,
      Exploration.button("One step", advance(engine.step)),
      Exploration.button("One epoch", advance(engine.runEpoch)),
      Exploration.button("Reset", () => {
        stop();
        restart();
        report("Back to the start. ");
      }),
    ];
    const select = (key, label, options, onchange = () => {}) =>
      Exploration.select({
        label,
        options,
        onchange: (value) => {
          state[key] = value;
          onchange(value);
          draw(!playing);
          share.save();
        },
      });
    const same = (key) =>
      SCHEMA[key].options.map((value) => [value, value.replace("all", "all examples")]);
    const anew = () => {
      restart();
      live.say(`The network starts anew. ${spokenLosses()}`, 600);
    };
    const lists = {
      speed: select("speed", "Speed", [
        ["slow", "slow"],
        ["normal", "normal"],
        ["fast", "fast"],
      ]),
      activation: select(
        "activation",
        "Hidden activation",
        Object.entries(ACTIVATION_NAMES),
        anew,
      ),
      output: select(
        "output",
        "Output and loss",
        Object.entries(COSTS).map(([key, { name }]) => [key, name]),
        anew,
      ),
      eta: select("eta", "Learning rate $η$", same("eta")),
      batch: select("batch", "Minibatch size $m$", same("batch")),
      reg: select("reg", "Regularization", [
        ["none", "none"],
        ["l1", "ℓ1"],
        ["l2", "ℓ2"],
      ]),
      lambda: select("lambda", "its rate $λ$", same("lambda")),
    };

    /* ---------- Controls: data ---------- */

    const changedData = () => {
      restart();
      share.save();
      live.say(`New data. The network starts anew. ${spokenLosses()}`, 600);
    };
    const dataChoice = Exploration.choice({
      legend: "Data",
      options: Object.entries(DATA_NAMES).map(([kind, name]) => [
        kind,
        html(
          "span",
          { class: "exploration-play-data" },
          thumbnail(kind),
          html("span", null, name),
        ),
      ]),
      onchange: (kind) => {
        state.data = kind;
        changedData();
      },
    });
    const noise = Exploration.slider({
      label: "Noise",
      name: "Noise, the standard deviation added to both coordinates",
      min: 0,
      max: 1,
      step: 0.05,
      floor: 0,
      limit: 1,
      oninput: (value) => {
        state.noise = value;
        changedData();
      },
    });
    const testShare = Exploration.slider({
      label: "Test %",
      name: "Share of test data in percent",
      min: 10,
      max: 90,
      step: 5,
      floor: 10,
      limit: 90,
      oninput: (value) => {
        state.test = value;
        changedData();
      },
    });
    const seed = Exploration.numberInput({
      name: "Seed of data and weights",
      min: 1,
      max: 9999,
      step: 1,
      oninput: (value) => {
        state.seed = Math.round(value);
        changedData();
      },
    });
    const newSeed = Exploration.button("New seed", () => {
      state.seed = (state.seed % 9999) + 1;
      changedData();
    });
    const testPoints = html("input", {
      type: "checkbox",
      onchange: () => {
        showTest = testPoints.checked;
        invalidate();
      },
    });

    /* ---------- The pictures ---------- */

    const surface = createSurface();
    const surfaceTitle = html("p", { class: "exploration-heading" });
    const surfaceFrame = html("div", { class: "exploration-play-frame" }, surface.node);
    const scaleEnds = ["low", "mid", "high"].map(() => html("span", null));
    const colorBar = html(
      "div",
      { class: "exploration-play-scale", "aria-hidden": "true" },
      html("div", { class: "exploration-play-gradient" }),
      html("div", { class: "exploration-play-ends" }, scaleEnds),
    );
    const toOutput = Exploration.button("Show the output", () => {
      const L = run.network.sizes.length - 1;
      choose([L, 0]);
      radioOf([L, 0]).focus();
    });
    const chart = createChart();
    const chartFrame = html("div", { class: "exploration-play-frame" }, chart.node);
    const picture = createNetworkPicture();

    /* ---------- The numbers ---------- */

    const cell = () => html("td", null);
    const cells = {
      trainLoss: cell(),
      trainAccuracy: cell(),
      testLoss: cell(),
      testAccuracy: cell(),
    };
    const row = (key, text, ...tds) =>
      html(
        "tr",
        null,
        html(
          "th",
          { scope: "row" },
          html("span", { class: `exploration-play-key-${key}`, "aria-hidden": "true" }),
          text,
        ),
        tds,
      );
    const numbers = html(
      "table",
      { class: "exploration-table exploration-play-numbers" },
      html(
        "thead",
        null,
        html(
          "tr",
          null,
          ["", "loss", "accuracy"].map((text) =>
            text === "" ? html("td", null) : html("th", { scope: "col" }, text),
          ),
        ),
      ),
      html(
        "tbody",
        null,
        row("train", "train", cells.trainLoss, cells.trainAccuracy),
        row("test", "test", cells.testLoss, cells.testAccuracy),
      ),
    );
    const counter = html("p", { class: "exploration-play-counter" });
    const costText = html("p", { class: "exploration-remark" });
    const trouble = html(
      "p",
      { class: "exploration-outcome", "data-kind": "cycle", hidden: true },
      "The weights have grown beyond what numbers can hold. ",
      "Choose a smaller learning rate, then press Reset.",
    );

    /* ---------- The network and its controls ---------- */

    const frameNode = html("div", { class: "exploration-play-network" });
    const overlay = html("div", { class: "exploration-play-overlay" });
    const tip = html("div", {
      class: "exploration-play-tip",
      "aria-hidden": "true",
      hidden: true,
    });
    frameNode.append(picture.node, overlay, tip);

    const setHidden = (sizes, said) => {
      state.hidden = joined(sizes);
      restartFromOutput();
      share.save();
      live.say(`${said} The network starts anew. ${spokenLosses()}`, 300);
    };
    const layers = stepper({
      less: "Remove a hidden layer",
      more: "Add a hidden layer",
      onchange: (by) => {
        const sizes = hiddenOf(state);
        const count = sizes.length + by;
        if (count < 0 || count > MOST_LAYERS) return;
        const wanted = by > 0 ? [...sizes, sizes.length ? 2 : 4] : sizes.slice(0, -1);
        setHidden(wanted, `${plural(count, "hidden layer")}.`);
      },
    });
    const layerHeads = Array.from({ length: MOST_LAYERS }, (_, index) => {
      const control = stepper({
        less: `Remove a neuron from hidden layer ${index + 1}`,
        more: `Add a neuron to hidden layer ${index + 1}`,
        onchange: (by) => {
          const sizes = hiddenOf(state);
          const count = sizes[index] + by;
          if (count < 1 || count > MOST_NEURONS) return;
          sizes[index] = count;
          setHidden(sizes, `Hidden layer ${index + 1}: ${plural(count, "neuron")}.`);
        },
      });
      const element = html(
        "div",
        { class: "exploration-play-head" },
        html("span", null, `layer ${index + 1}`),
        control.element,
      );
      return { element, set: control.set };
    });
    const inputHead = html(
      "div",
      { class: "exploration-play-head exploration-play-head-input" },
      html("span", null, "inputs"),
    );
    const outputHead = html(
      "div",
      { class: "exploration-play-head exploration-play-head-output" },
      html("span", null, "output"),
    );

    const checks = Object.fromEntries(
      ALL_FEATURES.map((name) => [
        name,
        html("input", {
          type: "checkbox",
          "aria-label": `Input ${FEATURE_NAMES[name]}`,
          onchange: () => toggleFeature(name),
        }),
      ]),
    );
    const featureLabels = ALL_FEATURES.map((name) =>
      html(
        "label",
        { class: "exploration-play-feature" },
        checks[name],
        html("span", { "aria-hidden": "true" }, rich(`$${FEATURE_FORMULAS[name]}$`)),
      ),
    );
    const featureGroup = html(
      "fieldset",
      { class: "exploration-play-group" },
      html("legend", { class: "exploration-hidden" }, "Inputs of the network"),
      inputHead,
      featureLabels,
    );
    function toggleFeature(name) {
      const chosen = ALL_FEATURES.filter((other) => checks[other].checked);
      if (chosen.length === 0) {
        checks[name].checked = true;
        live.say("The network needs at least one input.");
        return;
      }
      state.features = chosen.join("-");
      restartFromOutput();
      share.save();
      live.say(
        `Inputs: ${chosen.map((other) => FEATURE_NAMES[other]).join(", ")}. ` +
          `The network starts anew. ${spokenLosses()}`,
        300,
      );
    }

    const neuronGroup = html("fieldset", { class: "exploration-play-group" });
    const radioName = Exploration.uniqueId("neuron");
    let radios = []; // radios[l][j]
    const radioOf = ([l, j]) => radios[l][j];

    const ARROWS = {
      ArrowUp: ([l, j]) => [l, j - 1],
      ArrowDown: ([l, j]) => [l, j + 1],
      ArrowLeft: ([l, j]) => [l - 1, j],
      ArrowRight: ([l, j]) => [l + 1, j],
    };
    neuronGroup.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault(); // the browser would go through the neurons in one line
      const { sizes } = run.network;
      let [l, j] = arrow(event.target.place);
      l = Math.min(sizes.length - 1, Math.max(1, l));
      j = Math.min(sizes[l] - 1, Math.max(0, j));
      choose([l, j]);
      radioOf([l, j]).focus();
    });

    function neuronRadio(neuron) {
      const radio = html("input", {
        type: "radio",
        name: radioName,
        class: "exploration-play-neuron",
        "aria-label": neuronName(run.network.sizes, neuron),
        onchange: () => choose(neuron),
        onpointerenter: (event) => {
          if (event.pointerType === "mouse") setPreview(neuron);
        },
        onpointerleave: () => setPreview(null),
      });
      radio.place = neuron;
      return radio;
    }

    /** Radio buttons over the neurons, headings over the columns. */
    function rebuildNetwork() {
      const { sizes } = run.network;
      const hidden = hiddenOf(state);
      const focused = document.activeElement;
      radios = [null];
      for (let l = 1; l < sizes.length; l += 1) {
        const column = Array.from({ length: sizes[l] }, (_, j) => neuronRadio([l, j]));
        radios.push(column);
      }
      neuronGroup.replaceChildren(
        html(
          "legend",
          { class: "exploration-hidden" },
          "Neuron in the large picture; arrow keys go from neuron to neuron",
        ),
        ...radios.flat().filter(Boolean),
      );
      const heads = layerHeads.slice(0, hidden.length);
      overlay.replaceChildren(
        featureGroup,
        ...heads.map(({ element }) => element),
        outputHead,
        neuronGroup,
      );
      heads.forEach(({ set }, index) => set(hidden[index], 1, MOST_NEURONS));
      layers.set(hidden.length, 0, MOST_LAYERS);
      for (const name of ALL_FEATURES) checks[name].checked = run.features.includes(name);
      if (overlay.contains(focused)) focused.focus();
      placeOverlay();
      choose(shown);
    }

    function placeOverlay() {
      const width = Math.round(frameNode.clientWidth) || 640;
      place = placeNetwork(width, hiddenOf(state));
      frameNode.style.height = `${place.height}px`;
      overlay.dataset.stacked = String(place.stacked);
      const put = (node, x, y, w, h) =>
        Object.assign(node.style, {
          left: `${x - w / 2}px`,
          top: `${y - h / 2}px`,
          width: `${w}px`,
          height: `${h}px`,
        });
      place.columns[0].forEach(({ x, y }, index) => {
        const w = place.label + place.node;
        put(featureLabels[index], x + place.node / 2 - w / 2, y, w, place.node);
        featureLabels[index].style.paddingRight = `${place.node}px`;
      });
      radios.forEach((column, l) =>
        column?.forEach((radio, j) => {
          const { x, y } = place.columns[l][j];
          put(radio, x, y, place.node, place.node);
        }),
      );
      const headWidth = Math.min(place.gap - 1, 92);
      layerHeads.slice(0, hiddenOf(state).length).forEach(({ element }, index) => {
        const { x } = place.columns[index + 1][0];
        put(element, x, place.top / 2 - 4, headWidth, place.top - 8);
      });
      put(inputHead, (place.label + place.node) / 2, place.top / 2 - 4, 80, place.top - 8);
      const { x } = place.columns[place.columns.length - 1][0];
      put(outputHead, Math.min(x, place.width - 24), place.top / 2 - 4, 56, place.top - 8);
    }

    function choose(neuron) {
      const changed = neuron[0] !== shown[0] || neuron[1] !== shown[1];
      shown = neuron;
      radioOf(shown).checked = true;
      preview = null;
      rebuildInspector();
      if (changed) invalidate();
    }

    function setPreview(neuron) {
      preview = neuron;
      invalidate();
    }

    /* ---------- One neuron's numbers ---------- */

    const inspector = html("div", { class: "exploration-panel" });
    let inspected = []; // {input, read}: boxes that follow the training

    function rebuildInspector() {
      const { network, features } = run;
      const { sizes } = network;
      const [l, j] = shown;
      const before = sizes[l - 1];
      const box = (name, label, array, index, weight) => {
        const input = Exploration.numberInput({
          name,
          min: -1000,
          max: 1000,
          step: 0.1,
          decimals: 3,
          onfocus: () => mark(weight),
          oninput: (value) => {
            array[index] = value;
            measure();
            invalidate();
            live.say(spokenLosses(), 600);
          },
        });
        input.element.addEventListener("blur", () => mark(null));
        inspected.push({ input, read: () => array[index] });
        return html(
          "label",
          { class: "exploration-play-weight" },
          html("span", { "aria-hidden": "true" }, rich(`$${label}$`)),
          input.element,
        );
      };
      inspected = [];
      const boxes = Array.from({ length: before }, (_, k) =>
        box(
          `Weight from ${sourceName(features, l, k)}`,
          weightFormula({ l, j, k }),
          network.W[l],
          j * before + k,
          { l, j, k },
        ),
      );
      boxes.push(box("Bias", `b^${l}_${j + 1}`, network.b[l], j, null));
      const source = (k) =>
        l === 1 ? FEATURE_FORMULAS[features[k]] : `a^${l - 1}_${k + 1}`;
      const term = (k) => `${weightFormula({ l, j, k })} ${source(k)}`;
      const terms =
        before <= 3
          ? Array.from({ length: before }, (_, k) => term(k)).join(" + ")
          : `${term(0)} + … + ${term(before - 1)}`;
      const name = neuronName(sizes, shown);
      const f = FUNCTIONS[activationOf(network, l)];
      inspector.replaceChildren(
        html(
          "p",
          { class: "exploration-heading" },
          `${name[0].toUpperCase()}${name.slice(1)}: its weights, to read and to change`,
        ),
        html(
          "p",
          { class: "exploration-play-formula" },
          rich(
            `$z^${l}_${j + 1} = ${terms} + b^${l}_${j + 1}$,  ` +
              `$a^${l}_${j + 1} = ${f}${f === "" ? "" : "("}z^${l}_${j + 1}` +
              `${f === "" ? "" : ")"}$`,
          ),
        ),
        html("div", { class: "exploration-play-weights" }, boxes),
      );
      followInspector();
    }

    function followInspector() {
      for (const { input, read } of inspected) {
        const value = read();
        const busy = document.activeElement === input.element;
        if (!busy && Number.isFinite(value)) input.set(Math.round(value * 1e3) / 1e3);
      }
    }

    function mark(weight) {
      marked = weight;
      showTip();
      invalidate();
    }

    function showTip() {
      tip.hidden = marked === null;
      if (marked === null) return;
      const { l, j, k } = marked;
      const { network, features } = run;
      const w = network.W[l][j * network.sizes[l - 1] + k];
      tip.replaceChildren(...rich(`$${weightFormula(marked)} = ${signed(w, 3)}$`));
      const nodes = nodesOf(place, features);
      const { x, y } = onCurve(nodes[l - 1][k], nodes[l][j], 0.5);
      const left = Math.min(Math.max(x, 62), place.width - 62);
      Object.assign(tip.style, { left: `${left}px`, top: `${y}px` });
    }

    const pointOf = (event) => {
      const box = frameNode.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const weightAt = (event) =>
      weightNear(pointOf(event), place, run.features, run.network.sizes);
    const isSame = (p, q) => p && q && p.l === q.l && p.j === q.j && p.k === q.k;
    frameNode.addEventListener("pointermove", (event) => {
      const weight = event.target.closest("input, button, label") ? null : weightAt(event);
      frameNode.style.cursor = weight ? "pointer" : "";
      if (weight === marked || isSame(weight, marked)) return;
      mark(weight);
    });
    frameNode.addEventListener("pointerleave", () => mark(null));
    frameNode.addEventListener("click", (event) => {
      const weight = event.target.closest("input, button, label") ? null : weightAt(event);
      if (!weight) return;
      choose([weight.l, weight.j]);
      inspected[weight.k].input.element.focus({ preventScroll: true });
      mark(weight);
    });

    /* ---------- Drawing ---------- */

    let lastNumbers = 0;

    function drawNumbers(now) {
      if (playing && now - lastNumbers < 100) return; // readable while they run
      lastNumbers = now;
      const { train, test } = measured;
      const loss = (value) => (Number.isFinite(value) ? fixed(value, 3) : "—");
      cells.trainLoss.textContent = loss(train.loss);
      cells.testLoss.textContent = loss(test.loss);
      cells.trainAccuracy.textContent = percent(train.accuracy);
      cells.testAccuracy.textContent = percent(test.accuracy);
      counter.replaceChildren(
        "Epoch ",
        html("b", null, run.epoch.toLocaleString("en-US")),
        `, step ${run.steps.toLocaleString("en-US")}`,
      );
      followInspector();
      if (marked) showTip();
    }

    function drawTexts() {
      const { sizes } = run.network;
      const view = preview ?? shown;
      const name = neuronName(sizes, view);
      const isOutput = view[0] === sizes.length - 1;
      surfaceTitle.textContent = isOutput
        ? "Decision surface: the output"
        : name[0].toUpperCase() + name.slice(1);
      toOutput.hidden = shown[0] === sizes.length - 1;
      costText.replaceChildren(
        ...rich(`${COSTS[state.output].text}${PENALTY_TEXTS[state.reg]}`),
      );
      trouble.hidden = healthy();
      dataChoice.set(state.data);
      noise.set(state.noise);
      testShare.set(state.test);
      seed.set(state.seed);
      for (const [key, list] of Object.entries(lists)) list.set(state[key]);
      lists.lambda.element.querySelector("select").disabled = state.reg === "none";
      surface.node.setAttribute(
        "aria-label",
        `${surfaceTitle.textContent}. ${spokenLosses()}`,
      );
      chart.node.setAttribute(
        "aria-label",
        `Losses over ${plural(run.epoch, "epoch")}: training from ` +
          `${fixed(history[0].train, 3)} to ${fixed(measured.train.loss, 3)}, test ` +
          `from ${fixed(history[0].test, 3)} to ${fixed(measured.test.loss, 3)}.`,
      );
    }

    function draw(finely) {
      if (palette === null) return; // not in the page yet
      const { network, features, data } = run;
      grid.refresh(network);
      let large = grid;
      if (finely) {
        fine ??= engine.createGrid(network.sizes, features, FINE);
        fine.refresh(network);
        large = fine;
      }
      const view = preview ?? shown;
      const activation = activationOf(network, view[0]);
      const scale = surface.draw({
        grid: large,
        shown: view,
        activation,
        data,
        showTest,
        palette,
      });
      scaleEnds.forEach((node, i) => {
        if (node.textContent !== scale.ends[i]) node.textContent = scale.ends[i];
      });
      colorBar.dataset.half = String(activation === "relu");
      chart.draw(history, palette);
      picture.draw({ place, network, features, grid, palette, shown: view, marked });
      drawNumbers(performance.now());
      if (!playing) drawTexts();
    }

    function layout() {
      surface.layout(Math.floor(surfaceFrame.clientWidth));
      chart.layout(Math.floor(chartFrame.clientWidth));
      placeOverlay();
      draw(!playing);
    }

    /* ---------- The page ---------- */

    const legendMark = (kind) =>
      svg(
        "svg",
        { viewBox: "0 0 16 16", class: "exploration-icon", "aria-hidden": "true" },
        kind === "one"
          ? svg("circle", { class: "exploration-play-one", cx: 8, cy: 8, r: 5 })
          : svg("rect", {
              class: "exploration-play-zero",
              x: 3.5,
              y: 3.5,
              width: 9,
              height: 9,
            }),
      );
    const settingsRow = (...keys) =>
      html(
        "div",
        { class: "exploration-play-settings" },
        keys.map((key) => lists[key].element),
      );
    const legendItem = (key, text) => html("li", null, html("span", { class: key }), text);
    const element = html(
      "div",
      { class: "exploration-body exploration-play" },
      html(
        "div",
        { class: "exploration-bar exploration-play-bar" },
        dataChoice.element,
        html(
          "div",
          { class: "exploration-play-sliders" },
          noise.element,
          testShare.element,
        ),
        html(
          "div",
          { class: "exploration-play-seed" },
          html(
            "label",
            { class: "exploration-field" },
            html("span", { "aria-hidden": "true" }, "Seed"),
            seed.element,
          ),
          newSeed,
        ),
      ),
      html(
        "div",
        { class: "exploration-section exploration-play-run" },
        html("div", { class: "exploration-actions" }, runButtons, lists.speed.element),
        settingsRow("eta", "batch", "reg", "lambda"),
      ),
      html(
        "div",
        { class: "exploration-columns exploration-play-results" },
        html(
          "div",
          null,
          html(
            "div",
            { class: "exploration-play-title" },
            surfaceTitle,
            toOutput,
          ),
          surfaceFrame,
          colorBar,
        ),
        html(
          "div",
          null,
          html(
            "div",
            { class: "exploration-play-title" },
            html("p", { class: "exploration-heading" }, "Losses"),
            counter,
          ),
          chartFrame,
          numbers,
          trouble,
          html(
            "ul",
            { class: "exploration-legend exploration-play-legend" },
            html("li", null, legendMark("one"), "class 1"),
            html("li", null, legendMark("zero"), "class 0"),
            legendItem("exploration-play-key-line", "boundary, z = 0"),
            html(
              "li",
              null,
              html("label", null, testPoints, " test examples, hollow"),
            ),
          ),
          costText,
        ),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "Network" },
        html(
          "div",
          { class: "exploration-play-title" },
          html("p", { class: "exploration-heading" }, "Network"),
          html(
            "span",
            { class: "exploration-play-layers" },
            html("span", null, "Hidden layers"),
            layers.element,
          ),
        ),
        settingsRow("activation", "output"),
        frameNode,
        html(
          "ul",
          { class: "exploration-legend" },
          legendItem("exploration-key-positive", "positive weight"),
          legendItem("exploration-key-negative", "negative weight"),
          html("li", null, "the thicker, the larger; point at one to read it"),
        ),
        inspector,
      ),
      share.bar,
      live.element,
    );

    function readColors() {
      palette = readPalette(figure);
    }

    const begin = () => {
      readColors();
      showPlaying();
      restartFromOutput();
      share.load();
      layout();
      new ResizeObserver(layout).observe(frameNode);
      new ResizeObserver(layout).observe(surfaceFrame);
      new MutationObserver(() => {
        readColors();
        draw(!playing);
      }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      // What nobody sees does not train: it would cost a battery.
      new IntersectionObserver((entries) => {
        visible = entries[entries.length - 1].isIntersecting;
      }).observe(figure);
    };
    return { element, start: begin };
  }

  Exploration.mount("fully_connected", build);
})();
