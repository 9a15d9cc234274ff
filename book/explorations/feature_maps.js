/*
 * Exploration "feature_maps": a small convolutional network at three distances. From
 * far its layers, as maps; nearer one map and what it reads; nearest the products that
 * make one number. On a digit that the reader draws, and on a photograph.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  const inNode = typeof module !== "undefined";
  const DATA = inNode ? require("./feature_maps_data.js") : globalThis.FeatureMapsData;

  /* ====================== Pictures ====================== */

  const N = 28; // rows and columns of the drawing
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const MARK = "i"; // every text of a drawing begins with it

  const grid = (rows, columns, value) =>
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => value(i, j)),
    );

  /** A drawing (784 zeros and ones) as text: six pixels a letter, the end left out. */
  function encodeInk(ink) {
    let text = "";
    for (let at = 0; at < N * N; at += 6) {
      let code = 0;
      for (let k = 0; k < 6; k += 1) code = code * 2 + (ink[at + k] ?? 0);
      text += LETTERS[code];
    }
    return MARK + text.replace(/A+$/, "");
  }

  /** The drawing of a text, or null where it is none. */
  function decodeInk(text) {
    if (text[0] !== MARK || text.length > 1 + Math.ceil((N * N) / 6)) return null;
    const ink = new Array(N * N).fill(0);
    for (let at = 1; at < text.length; at += 1) {
      const code = LETTERS.indexOf(text[at]);
      if (code < 0) return null;
      for (let k = 0; k < 6; k += 1) {
        const pixel = 6 * (at - 1) + k;
        if (pixel < N * N) ink[pixel] = (code >> (5 - k)) & 1;
      }
    }
    return ink;
  }

  /** Mark the pixels of a line from one pixel [row, column] to another. */
  function drawLine(ink, [r0, c0], [r1, c1], value = 1) {
    const steps = Math.max(Math.abs(r1 - r0), Math.abs(c1 - c0), 1);
    for (let k = 0; k <= steps; k += 1) {
      const row = Math.round(r0 + ((r1 - r0) * k) / steps);
      const column = Math.round(c0 + ((c1 - c0) * k) / steps);
      if (row >= 0 && row < N && column >= 0 && column < N) ink[row * N + column] = value;
    }
    return ink;
  }

  /** Drawings to begin with: lines through pixels [row, column]. */
  const STROKES = {
    1: [[[5, 15], [22, 13]]],
    2: [[[8, 9], [6, 12], [6, 15], [8, 18], [11, 18], [21, 8], [21, 20]]],
    3: [[[6, 9], [5, 13], [7, 17], [10, 17], [13, 13], [15, 17], [19, 18], [22, 14], [21, 9]]],
    4: [[[5, 15], [15, 7], [15, 21]], [[9, 17], [23, 16]]],
    7: [[[6, 8], [6, 19], [22, 12]]],
    8: [
      [[13, 14], [9, 10], [6, 14], [9, 18], [13, 14], [17, 18], [22, 14], [17, 10], [13, 14]],
    ],
  };

  function example(digit) {
    const ink = new Array(N * N).fill(0);
    for (const line of STROKES[digit]) {
      line.slice(1).forEach((end, k) => drawLine(ink, line[k], end));
    }
    return encodeInk(ink);
  }

  const PEN = [0.3, 0.6, 0.3, 0.6, 1, 0.6, 0.3, 0.6, 0.3]; // a stroke fades at its edges

  /** The drawing as the network gets it: rows of gray values from 0 to 1. */
  function imageOf(ink) {
    return grid(N, N, (row, column) => {
      let level = 0;
      PEN.forEach((share, k) => {
        const [r, c] = [row + Math.floor(k / 3) - 1, column + (k % 3) - 1];
        if (r < 0 || r >= N || c < 0 || c >= N || ink[r * N + c] === 0) return;
        level = Math.max(level, share);
      });
      return level;
    });
  }

  /** The photograph: rows of gray values from 0 (black) to 1 (white). */
  function photo() {
    const { side, photo: text } = DATA;
    return grid(side, side, (i, j) => LETTERS.indexOf(text[i * side + j]) / 63);
  }

  /* ====================== The network ====================== */

  const F = 3; // rows and columns of a kernel
  const LAYERS = ["conv1", "pool1", "conv2", "pool2"];
  const isConvolution = (layer) => layer.startsWith("conv");
  const before = (layer) => ["input", ...LAYERS][LAYERS.indexOf(layer)];

  /** The nine weights between the input map g and the output map q, counted from 0. */
  function kernelOf(layer, q, g) {
    const { shape, W } = DATA[layer];
    const start = (q * shape[1] + g) * F * F;
    return W.slice(start, start + F * F).map((w) => w / DATA.scale);
  }

  const biasOf = (layer, q) => DATA[layer].b[q] / DATA.scale;

  /** The numbers of a map under a window of f × f with its corner at (top, left). */
  function windowOf(map, top, left, f) {
    return Array.from(
      { length: f * f },
      (_, k) => map[top + Math.floor(k / f)][left + (k % f)],
    );
  }

  /**
   * How one number of a layer comes about.
   *
   * @returns {object} of a convolution {channels: [{kernel, numbers, terms, sum}], bias,
   *     z, a}, of a pooling {numbers, a}
   */
  function oneNumber(maps, layer, q, i, j) {
    const read = maps[before(layer)];
    if (!isConvolution(layer)) {
      const numbers = windowOf(read[q], 2 * i, 2 * j, 2);
      return { numbers, a: Math.max(...numbers) };
    }
    const channels = read.map((map, g) => {
      const kernel = kernelOf(layer, q, g);
      const numbers = windowOf(map, i, j, F);
      const terms = kernel.map((w, k) => w * numbers[k]);
      return { kernel, numbers, terms, sum: terms.reduce((s, t) => s + t, 0) };
    });
    const bias = biasOf(layer, q);
    const z = channels.reduce((s, { sum }) => s + sum, bias);
    return { channels, bias, z, a: Math.max(z, 0) };
  }

  /** All maps of a layer, from those before it. */
  function mapsOf(maps, layer) {
    const read = maps[before(layer)];
    const n = read[0].length;
    const isConv = isConvolution(layer);
    const count = isConv ? DATA[layer].shape[0] : read.length;
    const size = isConv ? n - F + 1 : Math.floor(n / 2);
    if (!isConv) {
      return read.map((map) =>
        grid(size, size, (i, j) => Math.max(...windowOf(map, 2 * i, 2 * j, 2))),
      );
    }
    return Array.from({ length: count }, (_, q) => {
      const kernels = read.map((_, g) => kernelOf(layer, q, g));
      const bias = biasOf(layer, q);
      return grid(size, size, (i, j) => {
        let z = bias;
        for (let g = 0; g < read.length; g += 1) {
          for (let k = 0; k < F * F; k += 1) {
            z += kernels[g][k] * read[g][i + Math.floor(k / F)][j + (k % F)];
          }
        }
        return Math.max(z, 0);
      });
    });
  }

  /** The probabilities of the ten digits, where the maps have the size for it. */
  function probabilitiesOf(maps) {
    const x = maps.pool2.flat(2);
    const { shape, W, b } = DATA.linear;
    if (x.length !== shape[1]) return null;
    const z = b.map((bias, c) =>
      x.reduce((s, value, k) => s + W[c * shape[1] + k] * value, bias) / DATA.scale,
    );
    const most = Math.max(...z);
    const powers = z.map((value) => Math.exp(value - most));
    const total = powers.reduce((s, p) => s + p, 0);
    return powers.map((p) => p / total);
  }

  /** Everything that the network makes of an image: {input, conv1, …, probabilities}. */
  function run(image) {
    const maps = { input: [image] };
    for (const layer of LAYERS) maps[layer] = mapsOf(maps, layer);
    return { ...maps, probabilities: probabilitiesOf(maps) };
  }

  /** The state that the URL's hash holds; map and channel are counted from 1. */
  const SCHEMA = {
    picture: { kind: "choice", options: ["digit", "photo"], initial: "digit", always: true },
    ink: {
      kind: "choice",
      options: { includes: (text) => decodeInk(text) !== null },
      initial: example(3),
    },
    layer: { kind: "choice", options: LAYERS, initial: "conv1", always: true },
    map: { kind: "number", whole: true, min: 1, max: 6, initial: 1 },
    channel: { kind: "number", whole: true, min: 1, max: 4, initial: 1 },
    row: { kind: "number", whole: true, min: 0, max: 60, initial: 6 },
    column: { kind: "number", whole: true, min: 0, max: 60, initial: 9 },
  };

  const mathematics = {
    LAYERS,
    SCHEMA,
    STROKES,
    encodeInk,
    decodeInk,
    drawLine,
    example,
    imageOf,
    photo,
    oneNumber,
    run,
  };

  if (inNode) module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, factor, term, drag } = globalThis.Exploration;
  const SIDE = 280; // of a large picture, in its own units
  const NAMES = {
    conv1: "convolution 1",
    pool1: "pooling 1",
    conv2: "convolution 2",
    pool2: "pooling 2",
  };
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const whole = (value, most) => Math.min(most, Math.max(0, Math.round(value)));

  const gray = (value) => {
    const light = Math.round(255 * value);
    return `rgb(${light} ${light} ${light})`;
  };
  /** White for 0, blue where the map is large. */
  const blue = (most) => (value) => {
    const share = most === 0 ? 0 : value / most;
    const [r, g, b] = [0, 114, 178].map((c) => Math.round(255 + (c - 255) * share));
    return `rgb(${r} ${g} ${b})`;
  };

  /** Paint a map, one unit of the canvas for each number. */
  function paint(canvas, map, color) {
    canvas.width = map[0].length;
    canvas.height = map.length;
    const context = canvas.getContext("2d");
    map.forEach((line, i) =>
      line.forEach((value, j) => {
        context.fillStyle = color(value);
        context.fillRect(j, i, 1, 1);
      }),
    );
  }

  /** A large picture under an SVG for frames; `label` says what it is. */
  function largePicture(attributes) {
    const canvas = html("canvas", { class: "exploration-pixels" });
    const marks = svg("svg", {
      class: "exploration-pixel-marks",
      viewBox: `0 0 ${SIDE} ${SIDE}`,
      "aria-hidden": "true",
    });
    const frame = html(
      "div",
      { class: "exploration-pixel-frame", ...attributes },
      canvas,
      marks,
    );
    const outline = (n, top, left, size) => {
      const cell = SIDE / n;
      marks.replaceChildren(
        ...["exploration-window-halo", "exploration-window"].map((kind) =>
          svg("rect", {
            class: kind,
            x: left * cell,
            y: top * cell,
            width: size * cell,
            height: size * cell,
          }),
        ),
      );
    };
    /** Row and column of the map under the pointer. */
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [
        whole(((event.clientY - box.top) / box.height) * canvas.height - 0.5, canvas.height - 1),
        whole(((event.clientX - box.left) / box.width) * canvas.width - 0.5, canvas.width - 1),
      ];
    };
    return { frame, canvas, outline, at, clear: () => marks.replaceChildren() };
  }

  /** Call `move(event)` from the press of a button until its release. */
  function whilePressed(node, move) {
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      node.setPointerCapture(event.pointerId);
      if (node.tabIndex >= 0) node.focus({ preventScroll: true });
      move(event, true);
      drag(node, (e) => move(e, false));
    });
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, live, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken,
      pause: 400,
      reset: () => {
        ink = decodeInk(state.ink);
        compute();
      },
    });
    const photograph = photo();
    let ink; // the reader's drawing
    let found; // what the network makes of the picture
    let erasing = false;
    let pen = [14, 14]; // where the keys draw

    function compute() {
      found = run(state.picture === "photo" ? photograph : imageOf(ink));
    }
    const redrawn = () => {
      state.ink = encodeInk(ink);
      state.picture = "digit";
      compute();
      changed(700);
    };

    /* The picture */
    const picture = Exploration.choice({
      legend: "Picture",
      options: [
        ["digit", "your digit"],
        ["photo", "a photograph"],
      ],
      onchange: (value) => {
        state.picture = value;
        compute();
        changed(0);
      },
    });
    const examples = Exploration.select({
      label: "Drawing",
      options: [["own", "your own"], ...Object.keys(STROKES).map((d) => [d, `a ${d}`])],
      onchange: (digit) => {
        if (digit === "own") return;
        ink = decodeInk(example(digit));
        redrawn();
      },
    });
    const tool = Exploration.choice({
      legend: "Pen",
      options: [
        ["draw", "draw"],
        ["erase", "erase"],
      ],
      onchange: (value) => {
        erasing = value === "erase";
      },
    });
    tool.set("draw");
    const clear = Exploration.button("Clear", () => {
      ink = new Array(N * N).fill(0);
      redrawn();
    });
    const paper = largePicture({
      role: "application",
      tabindex: 0,
      "aria-label":
        "Drawing of 28 by 28 pixels: arrow keys move the pen, Space draws, " +
        "with Shift they draw on the way",
    });
    paper.frame.classList.add("exploration-maps-paper");
    const put = (row, column) => {
      const value = erasing ? 0 : 1;
      if (erasing) {
        // the eraser is as wide as a stroke looks
        for (const dr of [-1, 0, 1]) {
          for (const dc of [-1, 0, 1]) {
            drawLine(ink, [row + dr, column + dc], [row + dr, column + dc], 0);
          }
        }
      }
      drawLine(ink, pen, [row, column], value);
      pen = [row, column];
    };
    whilePressed(paper.frame, (event, isFirst) => {
      if (state.picture === "photo") return;
      const place = paper.at(event);
      if (isFirst) pen = place;
      put(...place);
      redrawn();
    });
    const ARROWS = {
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    paper.frame.addEventListener("keydown", (event) => {
      if (state.picture === "photo" || event.ctrlKey || event.metaKey || event.altKey) return;
      const arrow = ARROWS[event.key];
      if (!arrow && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation(); // the theme turns the page with these keys
      const place = pen.map((at, k) => whole(at + (arrow?.[k] ?? 0), N - 1));
      if (arrow && !event.shiftKey) {
        pen = place;
        draw();
        live.say(`Pen at row ${pen[0] + 1}, column ${pen[1] + 1}.`, 200);
        return;
      }
      put(...place);
      redrawn();
    });
    for (const kind of ["focus", "blur"]) {
      paper.frame.addEventListener(kind, () => drawPaper());
    }
    const paperText = html("p", { class: "exploration-remark" });

    /* From far: the network */
    const group = Exploration.uniqueId("map");
    const counts = { conv1: 4, pool1: 4, conv2: 6, pool2: 6 };
    const tiles = {}; // layer -> [{canvas, radio}]
    const heads = {};
    const columns = LAYERS.map((layer) => {
      heads[layer] = html("span", { class: "exploration-maps-size" });
      tiles[layer] = Array.from({ length: counts[layer] }, (_, q) => {
        const canvas = html("canvas", { "aria-hidden": "true" });
        const radio = html("input", {
          type: "radio",
          name: group,
          class: "exploration-radio",
          "aria-label": `${capital(NAMES[layer])}, map ${q + 1}`,
          onchange: () => {
            Object.assign(state, { layer, map: q + 1 });
            changed();
          },
        });
        const label = html("label", { class: "exploration-maps-tile" }, radio, canvas);
        return { canvas, radio, label };
      });
      return html(
        "div",
        { class: "exploration-maps-layer" },
        html("p", null, NAMES[layer], html("br"), heads[layer]),
        tiles[layer].map(({ label }) => label),
      );
    });
    const bars = Array.from({ length: 10 }, (_, digit) => {
      const bar = html("span", { class: "exploration-maps-bar" });
      const value = html("span", { class: "exploration-maps-share" });
      return { bar, value, line: html("li", null, html("b", null, String(digit)), bar, value) };
    });
    const answers = html(
      "ol",
      { class: "exploration-maps-answers" },
      bars.map(({ line }) => line),
    );
    const answer = html("p", { class: "exploration-heading" });
    const shapes = html("p", { class: "exploration-equation" });
    const counted = html("p", { class: "exploration-remark" });

    /* Nearer: one map */
    const large = largePicture({ role: "img" });
    const source = largePicture({ role: "img" });
    whilePressed(large.frame, (event) => {
      [state.row, state.column] = large.at(event);
      changed(200);
    });
    const largeText = html("p", { class: "exploration-remark" });
    const sourceText = html("p", { class: "exploration-remark" });
    const mapTitle = html("p", { class: "exploration-heading" });
    const sourceTitle = html("p", { class: "exploration-heading" });
    const mapFormula = html("p", { class: "exploration-equation" });
    const places = ["row", "column"].map((key) =>
      Exploration.slider({
        label: key === "row" ? "row $i$" : "column $j$",
        name: key === "row" ? "Row i of the place" : "Column j of the place",
        min: 0,
        max: 27,
        step: 1,
        limit: 60,
        floor: 0,
        oninput: set(key),
      }),
    );
    const channel = Exploration.choice({
      legend: "Input map g",
      options: ["1", "2", "3", "4"].map((g) => [g, g]),
      onchange: (value) => {
        state.channel = Number(value);
        changed();
      },
    });

    /* Nearest: one number */
    const sum = html("div", { class: "exploration-panel exploration-products" });

    /** The chosen map and place, moved to where there are any. */
    function settle() {
      const maps = found[state.layer];
      const most = maps[0].length - 1;
      state.map = whole(state.map - 1, maps.length - 1) + 1;
      state.channel = whole(state.channel - 1, found[before(state.layer)].length - 1) + 1;
      state.row = whole(state.row, most);
      state.column = whole(state.column, most);
    }

    const numberOf = () => {
      settle();
      return oneNumber(found, state.layer, state.map - 1, state.row, state.column);
    };
    const best = () =>
      found.probabilities.map((p, digit) => [p, digit]).sort((a, b) => b[0] - a[0])[0];
    const percent = (p) => `${short(100 * p, 0)} %`;

    function spoken() {
      const { a } = numberOf();
      const reads = found.probabilities
        ? `The network reads a ${best()[1]}, ${percent(best()[0])}. `
        : "";
      return (
        `${reads}${capital(NAMES[state.layer])}, map ${state.map}: at row ${state.row}, ` +
        `column ${state.column} it is ${short(a, 3)}.`
      );
    }

    function drawPaper() {
      const isPhoto = state.picture === "photo";
      paint(paper.canvas, found.input[0], gray);
      if (!isPhoto && document.activeElement === paper.frame) paper.outline(N, ...pen, 1);
      else paper.clear();
      paperText.textContent = isPhoto
        ? `A photograph, ${DATA.side} × ${DATA.side}, by danielbuechele (CC BY 2.0).`
        : "Draw a digit, large and in the middle. 28 × 28 pixels, from 0 (black) to 1.";
    }

    function drawNetwork() {
      const n = (layer) => found[layer][0].length;
      for (const layer of LAYERS) {
        heads[layer].textContent = `${found[layer].length} × ${n(layer)} × ${n(layer)}`;
        const most = Math.max(...found[layer].flat(2));
        tiles[layer].forEach(({ canvas, radio }, q) => {
          paint(canvas, found[layer][q], blue(most));
          radio.checked = layer === state.layer && q === state.map - 1;
        });
      }
      const size = (layer) => `${found[layer].length}×${n(layer)}×${n(layer)}`;
      shapes.replaceChildren(
        ...rich(
          `$${["input", ...LAYERS].map(size).join(" → ")}${found.probabilities ? " → 10" : ""}$`,
        ),
      );
      counted.textContent =
        "Parameters: 4·(1·9 + 1) = 40 and 6·(4·9 + 1) = 222 in the convolutions, none in " +
        "the poolings, 10·(6·5·5 + 1) = 1510 in the last layer. It was trained on MNIST.";
      answers.hidden = !found.probabilities;
      if (!found.probabilities) {
        answer.textContent =
          "The last layer reads 6 × 5 × 5 numbers. The maps of the photograph are larger, " +
          "so the network ends here: convolutions take any size, a linear layer does not.";
        return;
      }
      const [p, digit] = best();
      answer.textContent = `It reads a ${digit}: ${percent(p)}`;
      found.probabilities.forEach((share_, k) => {
        bars[k].bar.style.width = `${(60 * share_).toFixed(1)}%`;
        bars[k].value.textContent = percent(share_);
      });
    }

    function drawMap() {
      const { layer, map, row, column } = state;
      const isConv = isConvolution(layer);
      const [maps, read] = [found[layer], found[before(layer)]];
      const [n, m] = [maps[0].length, read[0].length];
      const g = isConv ? state.channel - 1 : map - 1;
      paint(large.canvas, maps[map - 1], blue(Math.max(...maps[map - 1].flat())));
      large.outline(n, row, column, 1);
      const isInput = before(layer) === "input";
      paint(
        source.canvas,
        read[g],
        isInput ? gray : blue(Math.max(...read[g].flat())),
      );
      if (isConv) source.outline(m, row, column, F);
      else source.outline(m, 2 * row, 2 * column, 2);
      const most = Math.max(...maps[map - 1].flat());
      mapTitle.textContent = `${capital(NAMES[layer])}, map ${map} of ${maps.length}`;
      largeText.textContent =
        `${n} × ${n} numbers, from 0 (white) to ${short(most, 2)} (blue). Point at a place.`;
      large.frame.setAttribute("aria-label", `${mapTitle.textContent}, ${largeText.textContent}`);
      sourceTitle.textContent = isInput
        ? "It reads the picture"
        : isConv
          ? `It reads all ${read.length} maps before it; this is map ${g + 1}`
          : `It reads map ${g + 1} before it`;
      sourceText.textContent = `${m} × ${m}; the frame is what the chosen place sees.`;
      source.frame.setAttribute("aria-label", `${sourceTitle.textContent}. ${sourceText.textContent}`);
      channel.element.hidden = !isConv || isInput;
      channel.set(String(state.channel));
      mapFormula.replaceChildren(
        ...rich(
          isConv
            ? `$a_{qij} = "max"(0, b_q + Σ_g Σ_{uv} W_{qguv} x_{g,i+u,j+v})$,  ` +
                `$${m} − ${F} + 1 = ${n}$`
            : `$a_{qij} = "max" x_{q,2i+u,2j+v}$ over $u, v = 0, 1$,  $⌊${m}/2⌋ = ${n}$`,
        ),
      );
      places.forEach((slider, k) => {
        slider.element.querySelector("input").max = n - 1;
        slider.set([row, column][k]);
      });
    }

    /** A cell with a product below its factors: blue if it adds, orange if it takes. */
    const product = (text, value, most) => {
      const share = most === 0 ? 0 : Math.round((35 * Math.abs(value)) / most);
      const color = value < 0 ? "213 94 0" : "0 114 178";
      return html(
        "td",
        { style: `background: rgb(${color} / ${share}%)` },
        text,
        html("br"),
        html("b", null, short(value, 2)),
      );
    };

    /** A square table of cells, given as texts or as elements. */
    const square = (caption, cells, n) =>
      html(
        "table",
        { class: "exploration-table" },
        html("caption", null, caption),
        html(
          "tbody",
          null,
          Array.from({ length: n }, (_, r) =>
            html(
              "tr",
              null,
              cells
                .slice(n * r, n * r + n)
                .map((cell) => (typeof cell === "string" ? html("td", null, cell) : cell)),
            ),
          ),
        ),
      );

    function drawSum() {
      const { layer, map, row, column } = state;
      const one = numberOf();
      const at = `_{${map},${row},${column}}`;
      if (!isConvolution(layer)) {
        const numbers = one.numbers.map((value) => short(value, 2));
        sum.replaceChildren(
          square("the four numbers in the frame", numbers, 2),
          html("p", null, rich(`$a${at} = "max"(${numbers.join(", ")}) = ${short(one.a, 2)}$`)),
        );
        return;
      }
      const g = state.channel - 1;
      const { kernel, numbers, terms, sum: part } = one.channels[g];
      const most = Math.max(...terms.map(Math.abs));
      const cells = kernel.map((w, k) =>
        product(`${factor(w, 2)}·${factor(numbers[k], 2)}`, terms[k], most),
      );
      const isOne = one.channels.length === 1;
      const sums = isOne
        ? []
        : [
            html(
              "p",
              null,
              rich(
                `sums of the maps ${one.channels.map((_, k) => k + 1).join(", ")}: ` +
                  `$${one.channels.map(({ sum: s }) => short(s, 2)).join(",  ")}$`,
              ),
            ),
          ];
      const total = [
        short(one.bias, 2),
        ...one.channels.map(({ sum: s }) => term(s, 2)),
      ].join(" ");
      sum.replaceChildren(
        square(
          isOne
            ? "weight · pixel, and their product"
            : `weight · number of input map ${g + 1}, and their product`,
          cells,
          F,
        ),
        html("p", null, rich(`the nine products add up to $${short(part, 2)}$`)),
        ...sums,
        html("p", null, rich(`$z${at} = b + Σ = ${total} = ${short(one.z, 2)}$`)),
        html("p", null, rich(`$a${at} = "max"(0, ${short(one.z, 2)}) = ${short(one.a, 2)}$`)),
      );
    }

    function draw() {
      settle();
      picture.set(state.picture);
      examples.set(
        Object.keys(STROKES).find((digit) => example(digit) === state.ink) ?? "own",
      );
      for (const node of [clear, examples.element.querySelector("select")]) {
        node.disabled = state.picture === "photo";
      }
      drawPaper();
      drawNetwork();
      drawMap();
      drawSum();
    }

    const level = (title, ...content) =>
      html(
        "section",
        { class: "exploration-section", "aria-label": title },
        html("p", { class: "exploration-heading" }, title),
        content,
      );
    const page = body(
      html(
        "div",
        { class: "exploration-bar" },
        picture.element,
        examples.element,
        tool.element,
        clear,
      ),
      level(
        "From far: the network",
        html(
          "div",
          { class: "exploration-maps-network" },
          html("div", { class: "exploration-maps-input" }, paper.frame, paperText),
          html(
            "fieldset",
            { class: "exploration-maps-layers" },
            html("legend", { class: "exploration-hidden" }, "Map to look at"),
            columns,
          ),
          html("div", null, answer, answers),
        ),
        shapes,
        counted,
      ),
      level(
        "Nearer: one map, and what it reads",
        html(
          "div",
          { class: "exploration-columns exploration-columns-even" },
          html("div", null, sourceTitle, source.frame, sourceText, channel.element),
          html("div", null, mapTitle, large.frame, largeText),
        ),
        mapFormula,
      ),
      level(
        "Nearest: one number",
        html(
          "div",
          { class: "exploration-columns exploration-columns-even" },
          html(
            "div",
            { class: "exploration-sliders" },
            places.map((slider) => slider.element),
          ),
          sum,
        ),
      ),
    );
    page.element.classList.add("exploration-maps");
    return page;
  }

  globalThis.Exploration.mount("feature_maps", build);
})();
