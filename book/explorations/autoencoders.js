/*
 * Exploration "autoencoders": a code of two numbers is a point in a plane. Move the
 * point and see what the decoder of a small trained autoencoder draws there.
 *
 * First the mathematics (pure, runs in Node), then the user interface. The weights and
 * the codes of test digits are in latent_digits.js.
 */
(function () {
  "use strict";

  const inNode = typeof module !== "undefined";
  const DATA = inNode ? require("./latent_digits.js") : globalThis.LatentDigits;

  /* ====================== Mathematics ====================== */

  const LIMIT = 3; // the map shows codes from -3 to 3
  const SIDE = 14; // pixels of a picture
  const TILES = 13; // pictures in a row of the map

  const weights = (name) =>
    DATA[name].map((row) =>
      Array.isArray(row) ? row.map((v) => v / DATA.scale) : row / DATA.scale,
    );
  const [W1, b1, W2, b2, W3, b3] = ["W1", "b1", "W2", "b2", "W3", "b3"].map(weights);
  const CODES = DATA.codes.map((code) => code.map((v) => v / 1000));
  const LABELS = [...DATA.labels].map(Number);
  const DIGITS = DATA.digits.map(({ code, pixels }) => ({
    code: code.map((v) => v / 1000),
    pixels: pixels.map((v) => v / 99),
  }));

  /** The preactivations W a + b of a layer. */
  function layer(W, b, a) {
    return W.map((row, j) => row.reduce((sum, w, k) => sum + w * a[k], b[j]));
  }

  /** The picture at a code [c1, c2]: 196 gray values, row by row. */
  function decode(code) {
    const first = layer(W1, b1, code).map(Math.tanh);
    const second = layer(W2, b2, first).map(Math.tanh);
    return layer(W3, b3, second).map((z) => 0.5 * (1 + Math.tanh(0.5 * z)));
  }

  /** The mean squared error of two pictures. */
  function error(a, b) {
    return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
  }

  /** The labels of the `count` test digits whose codes lie nearest, nearest first. */
  function nearest(code, count) {
    const far = ([x, y]) => (x - code[0]) ** 2 + (y - code[1]) ** 2;
    return CODES.map((place, i) => [far(place), LABELS[i]])
      .sort((a, b) => a[0] - b[0])
      .slice(0, count)
      .map(([, label]) => label);
  }

  /** The error of the picture at `code`, against test digit `digit` of the choice. */
  function errorAt(code, digit) {
    return error(decode(code), DIGITS[digit].pixels);
  }

  /** The code at which the encoder places the digit of the choice. */
  function codeOf(digit) {
    return DIGITS[digit].code;
  }

  /* The state that the URL's hash holds. */
  const NONE = "none";
  const SCHEMA = {
    c1: { kind: "number", min: -LIMIT, max: LIMIT, initial: 0.8, always: true },
    c2: { kind: "number", min: -LIMIT, max: LIMIT, initial: 0.9, always: true },
    show: { kind: "choice", options: ["codes", "pictures"], initial: "codes" },
    digit: {
      kind: "choice",
      options: [NONE, ...DIGITS.map((_, k) => String(k))],
      initial: NONE,
    },
  };

  const mathematics = { SCHEMA, CODES, LABELS, decode, error, nearest, errorAt, codeOf };

  if (inNode) module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, fixed, short } = globalThis.Exploration;

  const MARGIN = 26;
  const PLANE = 390;
  const SIZE = PLANE + MARGIN + 6;
  const toX = (c) => MARGIN + ((c + LIMIT) / (2 * LIMIT)) * PLANE;
  const toY = (c) => 6 + ((LIMIT - c) / (2 * LIMIT)) * PLANE;

  /** Paint gray values (1 is black) into a canvas at a place. */
  function paint(context, pixels, left = 0, top = 0) {
    const image = context.createImageData(SIDE, SIDE);
    pixels.forEach((value, i) => {
      const gray = Math.round(255 * (1 - value));
      image.data.set([gray, gray, gray, 255], 4 * i);
    });
    context.putImageData(image, left, top);
  }

  /** A frame with a small picture in it. `set(pixels, label)` changes the picture. */
  function picture(caption) {
    const canvas = html("canvas", {
      class: "exploration-pixels",
      width: SIDE,
      height: SIDE,
    });
    const frame = html("div", { class: "exploration-pixel-frame", role: "img" }, canvas);
    const note = html("p", { class: "exploration-remark" }, caption);
    const set = (pixels, label) => {
      paint(canvas.getContext("2d"), pixels);
      frame.setAttribute("aria-label", label);
    };
    return { element: html("div", null, frame, note), set };
  }

  /** The picture of the whole map, as an address that an SVG image can show. */
  function tiles() {
    const canvas = html("canvas", { width: SIDE * TILES, height: SIDE * TILES });
    const context = canvas.getContext("2d");
    const at = (k) => -LIMIT + ((k + 0.5) * 2 * LIMIT) / TILES;
    for (let i = 0; i < TILES; i += 1) {
      for (let j = 0; j < TILES; j += 1) {
        paint(context, decode([at(j), -at(i)]), j * SIDE, i * SIDE);
      }
    }
    return canvas.toDataURL();
  }

  /** The map. `onmove([c1, c2])` is called by clicks, drags and keys. */
  function buildMap(onmove) {
    const root = svg("svg", {
      class: "exploration-plane exploration-map",
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      role: "group",
      "aria-label": "Map of the codes, from −3 to 3 in both directions",
      style: "display: block; width: 100%; max-width: 26rem; margin: 0 auto",
    });
    const label = (x, y, text, anchor = "middle") =>
      svg(
        "text",
        { x, y, "text-anchor": anchor, style: "fill: var(--x-muted); font-size: 13px" },
        text,
      );
    const frame = svg("rect", {
      x: MARGIN,
      y: 6,
      width: PLANE,
      height: PLANE,
      style: "fill: var(--x-page); stroke: var(--x-line)",
    });
    const ticks = [-2, 0, 2].flatMap((c) => [
      label(toX(c), SIZE - 8, short(c)),
      label(MARGIN - 6, toY(c) + 4, short(c), "end"),
    ]);
    const names = [
      label(toX(LIMIT) - 6, SIZE - 8, "c₁"),
      label(MARGIN - 6, toY(LIMIT) + 14, "c₂", "end"),
    ];
    const codes = svg(
      "g",
      { "aria-hidden": "true" },
      CODES.map(([x, y], i) =>
        svg(
          "text",
          {
            x: toX(x),
            y: toY(y) + 4,
            "text-anchor": "middle",
            style: "fill: var(--x-text); font-size: 12px; pointer-events: none",
          },
          String(LABELS[i]),
        ),
      ),
    );
    const image = svg("image", {
      x: MARGIN,
      y: 6,
      width: PLANE,
      height: PLANE,
      "aria-hidden": "true",
    });
    const handle = svg(
      "g",
      { class: "exploration-handle", role: "slider", tabindex: 0 },
      svg("circle", { class: "exploration-touch", r: 22 }),
      svg("circle", { class: "exploration-ring", r: 15 }),
      svg("circle", {
        r: 8,
        style: "fill: #e69f00; stroke: #222832; stroke-width: 2",
      }),
    );
    root.append(frame, image, codes, ...ticks, ...names, handle);

    let current = [0, 0];
    globalThis.Exploration.movable({
      root,
      handle,
      place: (x, y) => [
        ((x - MARGIN) / PLANE) * 2 * LIMIT - LIMIT,
        LIMIT - ((y - 6) / PLANE) * 2 * LIMIT,
      ],
      at: () => current,
      low: -LIMIT,
      high: LIMIT,
      onmove,
    });

    function draw(code, show) {
      current = code;
      if (show === "pictures" && !image.hasAttribute("href")) {
        image.setAttribute("href", tiles());
      }
      image.style.display = show === "pictures" ? "" : "none";
      codes.style.display = show === "codes" ? "" : "none";
      handle.setAttribute("transform", `translate(${toX(code[0])} ${toY(code[1])})`);
      const spoken = {
        "aria-label": "Code: the arrow keys move it, with Shift in small steps",
        "aria-valuemin": -LIMIT,
        "aria-valuemax": LIMIT,
        "aria-valuenow": code[0],
        "aria-valuetext": `${short(code[0])}, ${short(code[1])}`,
      };
      for (const [key, text] of Object.entries(spoken)) handle.setAttribute(key, text);
    }
    return { element: root, draw };
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: sentence,
    });
    const code = () => [state.c1, state.c2];

    /* Controls */
    const show = Exploration.choice({
      legend: "The map shows",
      options: [
        ["codes", "codes of test digits"],
        ["pictures", "what is drawn there"],
      ],
      onchange: set("show"),
    });
    const digit = Exploration.select({
      label: "Encode a test digit",
      options: [[NONE, "none"], ...DIGITS.map((_, k) => [String(k), `a ${k}`])],
      onchange: (value) => {
        state.digit = value;
        if (value !== NONE) [state.c1, state.c2] = codeOf(Number(value));
        changed();
      },
    });
    const sliders = ["c1", "c2"].map((key, i) =>
      Exploration.slider({
        label: `$c_${i + 1}$`,
        name: `code, number ${i + 1}`,
        min: -LIMIT,
        max: LIMIT,
        step: 0.01,
        limit: LIMIT,
        oninput: set(key),
      }),
    );
    const back = Exploration.button("Back to the encoder's code", () => {
      [state.c1, state.c2] = codeOf(Number(state.digit));
      changed();
    });

    /* What the controls change */
    const map = buildMap(([c1, c2]) => {
      Object.assign(state, { c1, c2 });
      changed();
    });
    const drawn = picture("What the decoder draws");
    const original = picture("The test digit");
    const pictures = html(
      "div",
      { class: "exploration-latent-pictures" },
      drawn.element,
      original.element,
    );
    const verdict = html("p", { class: "exploration-score" });
    const compare = html("p");

    function sentence() {
      const near = nearest(code(), 5).join(", ");
      return `At (${fixed(state.c1)}, ${fixed(state.c2)}) the five nearest test digits are ${near}.`;
    }

    function draw() {
      const chosen = state.digit !== NONE;
      show.set(state.show);
      digit.set(state.digit);
      sliders.forEach((slider, i) => slider.set(code()[i]));
      map.draw(code(), state.show);
      drawn.set(
        decode(code()),
        `Picture that the decoder draws at (${fixed(state.c1)}, ${fixed(state.c2)})`,
      );
      original.element.hidden = !chosen;
      back.hidden = !chosen;
      compare.hidden = !chosen;
      verdict.textContent = sentence();
      if (!chosen) return;
      const k = Number(state.digit);
      original.set(DIGITS[k].pixels, `Test digit, a ${k}`);
      compare.textContent =
        `Squared error of this picture: ${fixed(errorAt(code(), k), 4)}. ` +
        `At the encoder's code: ${fixed(errorAt(codeOf(k), k), 4)}.`;
    }

    return body(
      html("div", { class: "exploration-bar" }, digit.element, show.element),
      html(
        "div",
        { class: "exploration-columns" },
        map.element,
        html(
          "div",
          null,
          pictures,
          html("div", { class: "exploration-sliders" }, sliders.map((s) => s.element)),
          html("div", { class: "exploration-panel" }, verdict, compare),
          html("div", { class: "exploration-actions exploration-latent-back" }, back),
        ),
      ),
    );
  }

  globalThis.Exploration.mount("autoencoders", build);
})();
