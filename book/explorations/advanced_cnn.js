/*
 * Exploration "advanced_cnn": a residual, bottleneck, inception or dense block. Choose
 * its sizes and watch the shape, the parameters and the multiply-adds of each layer.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  /** How many places a window of f pixels has on n pixels, padded by (f - 1)/2. */
  function outputSize(n, f, stride) {
    return Math.floor((n + 2 * Math.floor(f / 2) - f) / stride) + 1;
  }

  /** Start a list of layers with the input; each layer knows where it reads from. */
  function begin(channels, size) {
    const input = {
      id: "input",
      text: "input",
      kind: "input",
      from: [],
      shape: [channels, size, size],
      parameters: 0,
      macs: 0,
      column: 0,
      row: 0,
    };
    return [input];
  }

  const find = (layers, id) => layers.find((layer) => layer.id === id);

  /** Add a convolution f × f; with `norm` a batch normalization instead of biases. */
  function convolve(layers, id, from, nOut, f, { stride = 1, norm, column, row }) {
    const [channels, size] = find(layers, from).shape;
    const side = outputSize(size, f, stride);
    const weights = nOut * channels * f * f;
    layers.push({
      id,
      text: stride > 1 ? `${f}×${f}, stride ${stride}` : `conv ${f}×${f}`,
      kind: "conv",
      from: [from],
      shape: [nOut, side, side],
      parameters: weights + (norm ? 2 * nOut : nOut),
      macs: weights * side * side,
      column,
      row,
    });
  }

  /** Add a layer without convolution: a pooling, a sum, maps put together. */
  function join(layers, id, text, from, channels, place) {
    const [, height, width] = find(layers, from[0]).shape;
    const shape = [channels, height, width];
    layers.push({ id, text, kind: "join", from, shape, parameters: 0, macs: 0, ...place });
  }

  /** The shortcut and the sum of a block whose last layer is `last`. */
  function addShortcut(layers, last, { nIn, nOut, stride }, row) {
    let shortcut = "input";
    if (stride !== 1 || nIn !== nOut) {
      shortcut = "project";
      const place = { stride, norm: true, column: 1, row: row - 1 };
      convolve(layers, shortcut, "input", nOut, 1, place);
    }
    const place = { column: 0, row };
    join(layers, "sum", "sum, ReLU", [last, shortcut], nOut, place);
  }

  function residual(settings) {
    const layers = begin(settings.nIn, settings.size);
    const { nOut, stride } = settings;
    convolve(layers, "conv1", "input", nOut, 3, { stride, norm: true, column: 0, row: 1 });
    convolve(layers, "conv2", "conv1", nOut, 3, { norm: true, column: 0, row: 2 });
    addShortcut(layers, "conv2", settings, 3);
    return layers;
  }

  function bottleneck(settings) {
    const layers = begin(settings.nIn, settings.size);
    const { nOut, stride } = settings;
    const narrow = Math.max(1, Math.round(nOut / 4));
    const norm = true;
    convolve(layers, "reduce", "input", narrow, 1, { norm, column: 0, row: 1 });
    convolve(layers, "conv", "reduce", narrow, 3, { stride, norm, column: 0, row: 2 });
    convolve(layers, "expand", "conv", nOut, 1, { norm, column: 0, row: 3 });
    addShortcut(layers, "expand", settings, 4);
    return layers;
  }

  function inception({ nIn, size, n1, r3, n3, r5, n5, nPool, reduce }) {
    const layers = begin(nIn, size);
    const at = (column, row) => ({ norm: false, column, row });
    let [three, five] = ["input", "input"];
    convolve(layers, "one", "input", n1, 1, at(0, 2));
    if (reduce === "yes") {
      [three, five] = ["reduce3", "reduce5"];
      convolve(layers, three, "input", r3, 1, at(1, 1));
      convolve(layers, five, "input", r5, 1, at(2, 1));
    }
    convolve(layers, "three", three, n3, 3, at(1, 2));
    convolve(layers, "five", five, n5, 5, at(2, 2));
    join(layers, "max", "max pool 3×3", ["input"], nIn, { column: 3, row: 1 });
    convolve(layers, "pool", "max", nPool, 1, at(3, 2));
    const branches = ["one", "three", "five", "pool"];
    const channels = n1 + n3 + n5 + nPool;
    join(layers, "cat", "put together", branches, channels, { column: 0, row: 3 });
    return layers;
  }

  function dense({ nIn, size, growth, layers: count }) {
    const layers = begin(nIn, size);
    let last = "input";
    for (let k = 0; k < count; k += 1) {
      const channels = nIn + k * growth;
      const place = { norm: false, column: 0, row: 2 * k + 1 };
      convolve(layers, `conv${k}`, last, growth, 3, place);
      // no biases; the normalization comes first and sees all maps made so far
      find(layers, `conv${k}`).parameters = 9 * channels * growth + 2 * channels;
      const from = [last, `conv${k}`];
      const below = { column: 0, row: 2 * k + 2 };
      join(layers, `cat${k}`, "put together", from, channels + growth, below);
      last = `cat${k}`;
    }
    return layers;
  }

  const BLOCKS = { residual, bottleneck, inception, dense };

  /** The layers of the block that a state describes, input first. */
  function block(state) {
    return BLOCKS[state.kind](state);
  }

  /** Sums over all layers. */
  function totals(layers) {
    const sum = (key) => layers.reduce((total, layer) => total + layer[key], 0);
    const { shape } = layers[layers.length - 1];
    return { parameters: sum("parameters"), macs: sum("macs"), shape };
  }

  /** What the same place in a network would cost without the block's idea. */
  function alternative(state) {
    if (state.kind === "inception") {
      const other = state.reduce === "yes" ? "no" : "yes";
      return totals(block({ ...state, reduce: other }));
    }
    if (state.kind === "bottleneck") return totals(block({ ...state, kind: "residual" }));
    if (state.kind === "residual") {
      const layers = block(state).filter((layer) => layer.id !== "project");
      return totals(layers);
    }
    const { nIn, size, growth, layers: count } = state;
    const nOut = nIn + growth * count;
    const wide = begin(nIn, size);
    for (let k = 0; k < count; k += 1) {
      const from = k === 0 ? "input" : `conv${k - 1}`;
      convolve(wide, `conv${k}`, from, nOut, 3, { norm: true, column: 0, row: k + 1 });
    }
    return totals(wide);
  }

  /* The state that the URL's hash holds, and settings worth a look. */
  const number = (min, max, initial) => ({
    kind: "number",
    whole: true,
    min,
    max,
    initial,
  });
  const SCHEMA = {
    kind: {
      kind: "choice",
      options: Object.keys(BLOCKS),
      initial: "inception",
      always: true,
    },
    nIn: number(1, 2048, 192),
    size: number(1, 256, 28),
    nOut: number(1, 2048, 64),
    stride: { kind: "choice", options: ["1", "2"], initial: "1" },
    n1: number(1, 512, 64),
    r3: number(1, 512, 96),
    n3: number(1, 512, 128),
    r5: number(1, 512, 16),
    n5: number(1, 512, 32),
    nPool: number(1, 512, 32),
    reduce: { kind: "choice", options: ["yes", "no"], initial: "yes" },
    growth: number(1, 128, 8),
    layers: number(1, 6, 4),
  };
  const PRESETS = {
    googlenet: ["GoogLeNet's first inception module", {}],
    resnet18: [
      "ResNet-18's first block",
      { kind: "residual", nIn: 64, size: 56, nOut: 64 },
    ],
    project: [
      "ResNet-18, half the size, twice the channels",
      { kind: "residual", nIn: 64, size: 56, nOut: 128, stride: "2" },
    ],
    resnet50: [
      "ResNet-50's second block",
      { kind: "bottleneck", nIn: 256, size: 56, nOut: 256 },
    ],
    dense: [
      "the small dense block of the notebook",
      { kind: "dense", nIn: 16, size: 16, growth: 8, layers: 4 },
    ],
  };

  /** The whole state of a preset. */
  function presetState(key) {
    const initial = Object.entries(SCHEMA).map(([name, field]) => [name, field.initial]);
    return { ...Object.fromEntries(initial), ...PRESETS[key][1] };
  }

  /** A state with numbers where the mathematics needs them. */
  const settled = (state) => ({ ...state, stride: Number(state.stride) });

  const mathematics = {
    PRESETS,
    SCHEMA,
    outputSize,
    block,
    totals,
    alternative,
    presetState,
    settled,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg } = globalThis.Exploration;

  const NAMES = {
    residual: "residual",
    bottleneck: "bottleneck",
    inception: "inception",
    dense: "dense",
  };
  /* key: label, what a screen reader says, largest on the slider, kinds that use it */
  const SLIDERS = {
    nIn: ["channels in", "Channels of the input", 512, Object.keys(BLOCKS)],
    size: ["image side", "Rows and columns of the input", 112, Object.keys(BLOCKS)],
    nOut: ["channels out", "Channels of the output", 512, ["residual", "bottleneck"]],
    n1: ["1×1", "Maps of the 1×1 branch", 256, ["inception"]],
    r3: ["1×1 before 3×3", "Maps of the reduction before 3×3", 256, ["inception"]],
    n3: ["3×3", "Maps of the 3×3 branch", 256, ["inception"]],
    r5: ["1×1 before 5×5", "Maps of the reduction before 5×5", 256, ["inception"]],
    n5: ["5×5", "Maps of the 5×5 branch", 256, ["inception"]],
    nPool: ["1×1 after pooling", "Maps of the pooling branch", 256, ["inception"]],
    growth: ["growth", "Maps that each layer adds", 64, ["dense"]],
    layers: ["layers", "Layers of the dense block", 6, ["dense"]],
  };
  const LIMITS = Object.fromEntries(
    Object.keys(SLIDERS).map((key) => [key, SCHEMA[key].max]),
  );
  const BOX = { width: 94, height: 50, gapX: 8, gapY: 22 };
  const count = (value) => value.toLocaleString("en-US");
  const shapeText = (shape) => shape.join("×");

  /** A ratio such as "9.7 times as many", with enough digits. */
  function times(a, b) {
    const ratio = a / b;
    return `${ratio.toFixed(ratio < 10 ? 1 : 0)} times`;
  }

  const label = (x, y, content, style) =>
    svg(
      "text",
      { x, y, "text-anchor": "middle", style: `fill: var(--x-text); ${style}` },
      content,
    );

  /** The picture of a block: boxes, and lines from where each reads. */
  function picture(layers) {
    const columns = 1 + Math.max(...layers.map((layer) => layer.column));
    const rows = 1 + Math.max(...layers.map((layer) => layer.row));
    const width = Math.max(4 * (BOX.width + BOX.gapX) + 16, 0);
    const left = (width - columns * (BOX.width + BOX.gapX) + BOX.gapX) / 2;
    const middle = width / 2;
    const wide = (layer) => columns > 2 && ["input", "cat"].includes(layer.id);
    const centerOf = (layer) =>
      wide(layer)
        ? middle
        : left + layer.column * (BOX.width + BOX.gapX) + BOX.width / 2;
    const topOf = (layer) => 4 + layer.row * (BOX.height + BOX.gapY);
    const lines = [];
    const boxes = [];
    for (const layer of layers) {
      const [x, top] = [centerOf(layer), topOf(layer)];
      layer.from.forEach((id, index) => {
        const source = find(layers, id);
        const [x0, y0] = [centerOf(source), topOf(source) + BOX.height];
        const skips = layer.row - source.row > 1 && index > 0 === (layer.id === "sum");
        const around =
          columns <= 2 && layer.row - source.row > 1 && (skips || layer.kind === "join");
        const bend = x0 + BOX.width / 2 + 26;
        const path = around
          ? `M${x0 + BOX.width / 2} ${y0 - BOX.height / 2} H${bend} ` +
            `V${top + BOX.height / 2} H${x + BOX.width / 2}`
          : `M${x0} ${y0} V${y0 + BOX.gapY / 2} H${x} V${top}`;
        lines.push(
          svg("path", { d: path, style: "fill: none; stroke: var(--x-muted); stroke-width: 1.5" }),
        );
      });
      const color = { input: "--x-muted", conv: "--x-blue", join: "--x-orange" }[layer.kind];
      boxes.push(
        svg("rect", {
          x: x - BOX.width / 2,
          y: top,
          width: BOX.width,
          height: BOX.height,
          rx: 5,
          style: `fill: var(--x-page); stroke: var(${color}); stroke-width: 2`,
        }),
        label(x, top + 15, layer.text, "font-size: 11.5px"),
        label(x, top + 30, shapeText(layer.shape), "font-size: 12px; font-weight: 600"),
        label(
          x,
          top + 44,
          layer.parameters ? count(layer.parameters) : "–",
          "font-size: 11px; fill: var(--x-muted)",
        ),
      );
    }
    const height = rows * (BOX.height + BOX.gapY) - BOX.gapY + 8;
    return { width, height, nodes: [...lines, ...boxes] };
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: sentence,
    });

    /* Controls */
    const preset = Exploration.select({
      label: "Show",
      options: [
        ["", "your own sizes"],
        ...Object.entries(PRESETS).map(([key, [text]]) => [key, text]),
      ],
      onchange: (key) => {
        if (key === "") return;
        Object.assign(state, presetState(key));
        changed();
      },
    });
    const choice = (key, legend, options) =>
      Exploration.choice({
        legend,
        options,
        onchange: set(key),
      });
    const kind = choice("kind", "Block", Object.entries(NAMES));
    const stride = choice("stride", "Stride", [
      ["1", "1"],
      ["2", "2"],
    ]);
    const reduce = choice("reduce", "1×1 before 3×3 and 5×5", [
      ["yes", "yes"],
      ["no", "no"],
    ]);
    const sliders = Object.entries(SLIDERS).map(([key, [text, name, max]]) => ({
      key,
      ...Exploration.slider({
        label: text,
        name,
        min: 1,
        max,
        step: 1,
        limit: LIMITS[key],
        floor: 1,
        oninput: set(key),
      }),
    }));

    /* What the controls change */
    const chart = svg("svg", {
      role: "img",
      style: "display: block; width: 100%; max-width: 34rem; margin: 0 auto",
    });
    const verdict = html("p", { class: "exploration-score" });
    const table = html("div", { class: "exploration-panel", style: "overflow-x: auto" });

    function sentence() {
      const { parameters, macs, shape } = totals(block(settled(state)));
      return (
        `The output has the shape ${shapeText(shape)}; ${count(parameters)} parameters, ` +
        `${count(macs)} multiply–adds.`
      );
    }

    function comparison() {
      const now = settled(state);
      const [own, other] = [totals(block(now)), alternative(now)];
      switch (state.kind) {
        case "inception":
          return state.reduce === "yes"
            ? `Without the two reductions it would take ${times(other.macs, own.macs)} the multiply–adds.`
            : `With the two reductions: ${count(other.macs)} multiply–adds.`;
        case "bottleneck":
          return `Two 3×3 convolutions of full width would take ${times(other.macs, own.macs)} the multiply–adds.`;
        case "residual":
          return own.parameters === other.parameters
            ? "Shapes agree: the shortcut is the identity and has no parameters."
            : `Shapes differ: the projection has ${count(own.parameters - other.parameters)} of the parameters.`;
        default:
          return `As many 3×3 convolutions that all make ${own.shape[0]} maps would take ${times(other.macs, own.macs)} the multiply–adds.`;
      }
    }

    function rows(layers) {
      const cells = (tag, texts) => texts.map((text) => html(tag, null, text));
      const sums = totals(layers);
      return html(
        "table",
        { class: "exploration-table" },
        html("caption", null, "Each layer of the block"),
        html(
          "thead",
          null,
          html("tr", null, cells("th", ["layer", "shape", "parameters", "multiply–adds"])),
        ),
        html(
          "tbody",
          null,
          layers.map((layer) =>
            html(
              "tr",
              null,
              cells("td", [
                layer.text,
                shapeText(layer.shape),
                count(layer.parameters),
                count(layer.macs),
              ]),
            ),
          ),
          html(
            "tr",
            null,
            cells("td", ["together", shapeText(sums.shape), count(sums.parameters), count(sums.macs)]),
          ),
        ),
      );
    }

    function draw() {
      const layers = block(settled(state));
      const known = Object.keys(PRESETS).find((key) => {
        const wanted = Object.entries(presetState(key));
        return wanted.every(([name, value]) => state[name] === value);
      });
      preset.set(known ?? "");
      kind.set(state.kind);
      stride.set(state.stride);
      reduce.set(state.reduce);
      const residualKind = ["residual", "bottleneck"].includes(state.kind);
      stride.element.style.display = residualKind ? "" : "none";
      reduce.element.style.display = state.kind === "inception" ? "" : "none";
      for (const slider of sliders) {
        const [, , , kinds] = SLIDERS[slider.key];
        const idle = state.reduce === "no" && ["r3", "r5"].includes(slider.key);
        slider.element.style.display = kinds.includes(state.kind) && !idle ? "" : "none";
        slider.set(state[slider.key]);
      }
      const { width, height, nodes } = picture(layers);
      chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
      chart.setAttribute(
        "aria-label",
        `The layers of the ${NAMES[state.kind]} block; the table below lists them. ` +
          sentence(),
      );
      chart.replaceChildren(...nodes);
      verdict.textContent = `${sentence()} ${comparison()}`;
      table.replaceChildren(rows(layers));
    }

    return body(
      html("div", { class: "exploration-bar" }, preset.element, kind.element),
      html(
        "div",
        { class: "exploration-section" },
        html("div", { class: "exploration-actions" }, stride.element, reduce.element),
        html(
          "div",
          { class: "exploration-sliders", style: "margin-top: 0.6rem" },
          sliders.map((slider) => slider.element),
        ),
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "The block" },
        chart,
        html(
          "p",
          { class: "exploration-remark" },
          "In each box: the layer, its shape (channels × rows × columns), its parameters.",
        ),
        verdict,
        table,
      ),
    );
  }

  globalThis.Exploration.mount("advanced_cnn", build);
})();
