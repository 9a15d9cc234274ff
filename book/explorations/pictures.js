/*
 * The pictures of the playground, on canvases: the decision surface, the losses, and
 * the network with a small picture in each neuron.
 *
 * What computes and does not draw is pure and runs in Node, too.
 */
(function () {
  "use strict";

  const inNode = typeof module !== "undefined";
  const common = inNode ? require("./common.js") : globalThis.Exploration;
  const engine = inNode ? require("./engine.js") : globalThis.ExplorationEngine;
  const { short } = common;
  const { EXTENT } = engine;

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
    const node = common.html("canvas", attributes);
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

  /** How activations become shades in [−1, 1]: gain · a + shift; `ends` name them. */
  function scaleOf(activation, values, start, count) {
    if (activation === "tanh") return { gain: 1, shift: 0, ends: ["−1", "0", "1"] };
    if (activation === "sigmoid") return { gain: 2, shift: -1, ends: ["0", "½", "1"] };
    let most = 1e-9;
    for (let i = start; i < start + count; i += 1) {
      most = Math.max(most, Math.abs(values[i]));
    }
    if (most < 1e-6) return { gain: 1, shift: 0, ends: ["", "0 everywhere", ""] };
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
    const node = common.html("canvas", { width: size, height: size });
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

    /** The coordinates of a place on the canvas. */
    const toPlane = (x, y) => [
      ((x - MARGIN.left) / side()) * 2 * EXTENT - EXTENT,
      EXTENT - ((y - MARGIN.top) / side()) * 2 * EXTENT,
    ];
    /** How much of the plane `pixels` of the canvas are. */
    const spanOf = (pixels) => (pixels / side()) * 2 * EXTENT;

    /** A ring around a chosen point {x1, x2}. */
    function drawRing({ x1, x2 }, palette) {
      const { context } = canvas;
      for (const [color, width] of [
        [palette.page, 5],
        [palette.text, 2.2],
      ]) {
        context.beginPath();
        context.arc(toX(x1), toY(x2), 9, 0, 2 * Math.PI);
        context.strokeStyle = color;
        context.lineWidth = width;
        context.stroke();
      }
    }

    /**
     * Draw the neuron `shown` = [layer, neuron] of a grid, and a ring around the point
     * `chosen` where there is one; returns its scale.
     */
    function draw({ grid, shown: [l, j], activation, data, showTest, palette, chosen }) {
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
      if (chosen) drawRing(chosen, palette);
      drawAxes(palette);
      return scale;
    }

    return { node: canvas.node, layout, draw, toPlane, spanOf };
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
      context.fillText(`epoch ${Math.floor(end)}`, right, bottom + 6);
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
    const stacked = gap < 84; // no room for two buttons side by side
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
        const activation = engine.activationOf(network, l);
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

  const pictures = {
    scaleOf,
    shade,
    traceZero,
    roundUp,
    placeNetwork,
    nodesOf,
    onCurve,
    weightNear,
    readPalette,
    createSurface,
    createChart,
    createNetworkPicture,
  };

  if (inNode) module.exports = pictures;
  else globalThis.ExplorationPictures = pictures;
})();
