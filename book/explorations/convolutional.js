/*
 * Exploration "convolutional": edit a 3×3 kernel and see the feature map that it makes
 * of a small picture; choose padding and stride; follow one place product by product.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const F = 3; // rows and columns of the kernel
  const LIMIT = 20; // kernel entries lie between −20 and 20

  /** How many places a window of f pixels has on n pixels: ⌊(n + 2p − f)/s⌋ + 1. */
  function outputSize(n, f, s, p) {
    return Math.floor((n + 2 * p - f) / s) + 1;
  }

  /** The pixel in a row and a column of an image padded with zeros. */
  function pixel(image, row, column) {
    return image[row]?.[column] ?? 0;
  }

  /** The nine numbers under the kernel when it computes the place (i, j). */
  function windowAt(image, i, j, stride, padding) {
    const top = i * stride - padding;
    const left = j * stride - padding;
    return Array.from({ length: F * F }, (_, k) =>
      pixel(image, top + Math.floor(k / F), left + (k % F)),
    );
  }

  /** The products of the kernel (nine numbers) with a window, and their sum. */
  function products(kernel, window) {
    const terms = kernel.map((weight, k) => weight * window[k]);
    return { terms, sum: terms.reduce((sum, term) => sum + term, 0) };
  }

  /** The feature map: the cross-correlation of the image with the kernel. */
  function featureMap(image, kernel, stride, padding) {
    const rows = outputSize(image.length, F, stride, padding);
    const columns = outputSize(image[0].length, F, stride, padding);
    return Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => {
        return products(kernel, windowAt(image, i, j, stride, padding)).sum;
      }),
    );
  }

  /** max(z, 0), entry by entry. */
  function relu(map) {
    return map.map((row) => row.map((z) => Math.max(z, 0)));
  }

  // The border of a 3×3 kernel, clockwise from the upper left corner.
  const BORDER = [0, 1, 2, 5, 8, 7, 6, 3];

  /** Kirsch's kernel number k of eight: 0 is north, then clockwise by 45°. */
  function kirsch(k) {
    const kernel = new Array(F * F).fill(0);
    BORDER.forEach((at, place) => {
      kernel[at] = (((place - k) % 8) + 8) % 8 < 3 ? 5 : -3;
    });
    return kernel;
  }

  const DIRECTIONS = [
    "north",
    "north-east",
    "east",
    "south-east",
    "south",
    "south-west",
    "west",
    "north-west",
  ];

  /** Kernels by name: [text, nine numbers in rows]. */
  const KERNELS = {
    sharpen: ["Sharpen (the page's)", [0, -1, 0, -1, 5, -1, 0, -1, 0]],
    identity: ["Identity", [0, 0, 0, 0, 1, 0, 0, 0, 0]],
    sum: ["Sum of the window", [1, 1, 1, 1, 1, 1, 1, 1, 1]],
    outline: ["Outline", [0, 1, 0, 1, -4, 1, 0, 1, 0]],
    ...Object.fromEntries(
      DIRECTIONS.map((name, k) => ["kirsch" + k, ["Kirsch, " + name, kirsch(k)]]),
    ),
  };

  /** The name of a kernel in KERNELS, or "own". */
  function nameOfKernel(kernel) {
    const same = ([, [, known]]) => known.every((weight, k) => weight === kernel[k]);
    return Object.entries(KERNELS).find(same)?.[0] ?? "own";
  }

  const square = (n, level) =>
    Array.from({ length: n }, (_, row) =>
      Array.from({ length: n }, (_, column) => level(row, column)),
    );

  /** A house before a sky that gets darker upwards. */
  function houseLevel(row, column) {
    const roof = row >= 6 && row < 14 && Math.abs(column - 13.5) <= row - 5;
    const chimney = column >= 18 && column <= 20 && row >= 4 && row < 12;
    const wall = row >= 14 && row < 24 && column >= 7 && column <= 20;
    const door = row >= 18 && row < 24 && column >= 12 && column <= 15;
    const sun = Math.hypot(row - 5, column - 5) <= 3;
    if (roof) return 9;
    if (chimney) return 7;
    if (door) return 8;
    if (wall) return 4;
    if (row >= 24) return 6;
    return sun ? 0 : Math.max(1, 3 - Math.floor(row / 8));
  }

  /** A ring: its edges have every direction. */
  function ringLevel(row, column) {
    const radius = Math.hypot(row - 13.5, column - 13.5);
    return radius >= 6 && radius <= 11 ? 9 : 0;
  }

  /** A seven, drawn with a pen three pixels wide. */
  function sevenLevel(row, column) {
    const bar = row >= 5 && row <= 7 && column >= 7 && column <= 20;
    const stem = row > 7 && row <= 23 && Math.abs(column - (22.5 - row / 2)) <= 1.5;
    return bar || stem ? 9 : 0;
  }

  /** Pictures by name: [text, rows of gray levels from 0 (white) to 9 (black)]. */
  const PICTURES = {
    house: ["A house, 28 × 28", square(28, houseLevel)],
    ring: ["A ring, 28 × 28", square(28, ringLevel)],
    seven: ["A seven, 28 × 28", square(28, sevenLevel)],
    patch: [
      "The page's patch, 4 × 4",
      [
        [1, 2, 0, 1],
        [3, 1, 2, 0],
        [0, 2, 4, 1],
        [1, 0, 1, 3],
      ],
    ],
  };

  /** The state that the URL's hash holds; k12 is row 1, column 2 of the kernel. */
  const KEYS = ["k11", "k12", "k13", "k21", "k22", "k23", "k31", "k32", "k33"];
  const START = KERNELS.kirsch0[1];
  const SCHEMA = {
    picture: {
      kind: "choice",
      options: Object.keys(PICTURES),
      initial: "house",
      always: true,
    },
    ...Object.fromEntries(
      KEYS.map((key, k) => [
        key,
        { kind: "number", min: -LIMIT, max: LIMIT, initial: START[k], always: true },
      ]),
    ),
    padding: { kind: "choice", options: ["0", "1", "2"], initial: "0" },
    stride: { kind: "choice", options: ["1", "2", "3"], initial: "1" },
    relu: { kind: "choice", options: ["no", "yes"], initial: "no" },
    row: { kind: "number", whole: true, min: 0, max: 40, initial: 13 },
    column: { kind: "number", whole: true, min: 0, max: 40, initial: 9 },
  };

  const mathematics = {
    DIRECTIONS,
    KERNELS,
    KEYS,
    PICTURES,
    SCHEMA,
    outputSize,
    windowAt,
    products,
    featureMap,
    relu,
    kirsch,
    nameOfKernel,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, factor, fixed } = globalThis.Exploration;

  const SIDE = 280; // of a drawing, in its own units
  const NEGATIVE = [213, 94, 0];
  const POSITIVE = [0, 114, 178];

  const gray = (level) => {
    const light = 255 - Math.round((level / 9) * 215);
    return `rgb(${light} ${light} ${light})`;
  };
  /** White for 0, blue for positive, orange for negative, full at ±most. */
  const signedColor = (z, most) => {
    const share = most === 0 ? 0 : Math.min(1, Math.abs(z) / most);
    const [r, g, b] = (z < 0 ? NEGATIVE : POSITIVE).map((c) =>
      Math.round(255 + (c - 255) * share),
    );
    return `rgb(${r} ${g} ${b})`;
  };

  /** A canvas with one unit for each pixel, under an SVG for the marks. */
  function buildGrid(label) {
    const canvas = html("canvas", { class: "exploration-pixels" });
    const marks = svg("svg", {
      class: "exploration-pixel-marks",
      viewBox: `0 0 ${SIDE} ${SIDE}`,
      "aria-hidden": "true",
    });
    const frame = html(
      "div",
      { class: "exploration-pixel-frame", role: "img", "aria-label": label },
      canvas,
      marks,
    );
    const caption = html("p", { class: "exploration-remark" });
    const paint = (grid, color, numbers) => {
      const rows = grid.length;
      const columns = grid[0].length;
      canvas.width = columns;
      canvas.height = rows;
      const context = canvas.getContext("2d");
      const cell = SIDE / rows;
      const texts = [];
      grid.forEach((line, i) =>
        line.forEach((value, j) => {
          context.fillStyle = color(value);
          context.fillRect(j, i, 1, 1);
          if (!numbers) return;
          const place = { x: (j + 0.5) * cell, y: (i + 0.5) * cell + 6 };
          texts.push(
            svg(
              "text",
              { ...place, class: "exploration-pixel-number", "text-anchor": "middle" },
              short(value, 1),
            ),
          );
        }),
      );
      marks.replaceChildren(...texts);
    };
    const outline = (n, top, left, size, kind) => {
      const cell = SIDE / n;
      for (const layer of ["exploration-window-halo", kind]) {
        marks.append(
          svg("rect", {
            class: layer,
            x: left * cell,
            y: top * cell,
            width: size * cell,
            height: size * cell,
          }),
        );
      }
    };
    return {
      element: html("div", null, frame, caption),
      frame,
      canvas,
      caption,
      paint,
      outline,
    };
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken,
      pause: 400,
    });
    const kernelOf = () => KEYS.map((key) => state[key]);
    const imageOf = () => PICTURES[state.picture][1];
    const numbersOf = () => [Number(state.stride), Number(state.padding)];

    /* Controls */
    const pictures = Exploration.select({
      label: "Picture",
      options: Object.entries(PICTURES).map(([name, [text]]) => [name, text]),
      onchange: set("picture"),
    });
    const kernels = Exploration.select({
      label: "Kernel",
      options: [
        ...Object.entries(KERNELS).map(([name, [text]]) => [name, text]),
        ["own", "Your own"],
      ],
      onchange: (name) => {
        const chosen = KERNELS[name]?.[1] ?? kernelOf();
        KEYS.forEach((key, k) => {
          state[key] = chosen[k];
        });
        changed();
      },
    });
    const choice = (key, legend, texts) =>
      Exploration.choice({
        legend,
        options: SCHEMA[key].options.map((value, i) => [value, texts?.[i] ?? value]),
        onchange: set(key),
      });
    const padding = choice("padding", "Padding p");
    const stride = choice("stride", "Stride s");
    const after = choice("relu", "Then ReLU", ["no", "yes"]);
    const entries = KEYS.map((key, k) =>
      Exploration.numberInput({
        name: `Kernel, row ${Math.floor(k / F) + 1}, column ${(k % F) + 1}`,
        min: -LIMIT,
        max: LIMIT,
        step: 1,
        decimals: 2,
        oninput: set(key),
      }),
    );
    const places = ["row", "column"].map((key) =>
      Exploration.slider({
        label: key === "row" ? "row $i$" : "column $j$",
        name: key === "row" ? "Row i of the place" : "Column j of the place",
        min: 0,
        max: 27,
        step: 1,
        limit: 40,
        floor: 0,
        oninput: set(key),
      }),
    );

    /* What the controls change */
    const input = buildGrid("The picture, with a frame around the window");
    const output = buildGrid("The feature map, with a frame around the place");
    const size = html("p", { class: "exploration-equation" });
    const sum = html("div", { class: "exploration-panel exploration-products" });
    const remark = html("p", { class: "exploration-remark" });

    output.frame.addEventListener("pointerdown", (event) => {
      const box = output.canvas.getBoundingClientRect();
      const at = (p, low, length, count) =>
        Math.max(0, Math.min(count - 1, Math.floor(((p - low) / length) * count)));
      state.column = at(event.clientX, box.left, box.width, output.canvas.width);
      state.row = at(event.clientY, box.top, box.height, output.canvas.height);
      changed(0);
    });

    /** The chosen place, moved into the map where the map has become smaller. */
    function placeIn(map) {
      return [
        Math.min(state.row, map.length - 1),
        Math.min(state.column, map[0].length - 1),
      ];
    }

    function mapOf() {
      const [s, p] = numbersOf();
      const map = featureMap(imageOf(), kernelOf(), s, p);
      return state.relu === "yes" ? relu(map) : map;
    }

    function spoken() {
      const map = mapOf();
      const [i, j] = placeIn(map);
      return (
        `The feature map has ${map.length} rows and columns. ` +
        `At row ${i}, column ${j} it is ${short(map[i][j], 2)}.`
      );
    }

    /** The products as three rows of a table. */
    function productLines(kernel, numbers, total, i, j) {
      const rows = [0, 1, 2].map((row) =>
        html(
          "tr",
          null,
          [0, 1, 2].map((column) => {
            const k = row * F + column;
            return html("td", null, `${factor(kernel[k])}·${factor(numbers[k])}`);
          }),
        ),
      );
      const z = short(total, 2);
      const active = state.relu === "yes" ? ` $→ max(${z}, 0) = ${short(Math.max(total, 0))}$` : "";
      return [
        html(
          "table",
          { class: "exploration-table" },
          html("caption", null, "kernel entry · pixel, for the nine pixels"),
          html("tbody", null, rows),
        ),
        html("p", null, rich(`$z_{${i}${i > 9 || j > 9 ? "," : ""}${j}} = ${z}$, the sum of the nine${active}`)),
      ];
    }

    function remarkText(kernel, n, map) {
      const total = kernel.reduce((a, b) => a + b, 0);
      const uniform =
        Math.abs(total) < 1e-9
          ? "The entries add up to 0: a uniform area gives 0."
          : `The entries add up to ${short(total)}: a uniform area of gray g gives ` +
            `${short(total)}·g (zeros of the padding aside).`;
      const lost =
        map.length === n
          ? "The map is as large as the picture."
          : `The map is ${map.length} of ${n} pixels wide.`;
      return `${uniform} ${lost}`;
    }

    function draw() {
      const image = imageOf();
      const kernel = kernelOf();
      const n = image.length;
      const [s, p] = numbersOf();
      const map = mapOf();
      const [i, j] = placeIn(map);
      [state.row, state.column] = [i, j];
      pictures.set(state.picture);
      kernels.set(nameOfKernel(kernel));
      padding.set(state.padding);
      stride.set(state.stride);
      after.set(state.relu);
      entries.forEach((entry, k) => entry.set(kernel[k]));
      for (const [k, slider] of places.entries()) {
        slider.element.querySelector("input").max = map.length - 1;
        slider.set([i, j][k]);
      }

      const small = n <= 8;
      const padded = square(n + 2 * p, (row, column) => pixel(image, row - p, column - p));
      input.paint(padded, gray, small);
      if (p > 0) input.outline(n + 2 * p, p, p, n, "exploration-picture-edge");
      input.outline(n + 2 * p, i * s, j * s, F, "exploration-window");
      const most = Math.max(...map.flat().map(Math.abs));
      output.paint(map, (z) => signedColor(z, most), small);
      output.outline(map.length, i, j, 1, "exploration-window");
      const border = p > 0 ? `, with ${p} row${p > 1 ? "s" : ""} of zeros on each side` : "";
      input.caption.textContent = `The picture: ${n} × ${n}${border}. Black is 9.`;
      output.caption.textContent =
        `The feature map: ${map.length} × ${map.length}, from ` +
        `${short(Math.min(...map.flat()))} (orange) over 0 (white) to ` +
        `${short(Math.max(...map.flat()))} (blue).`;
      const whole = (n + 2 * p - F) / s;
      const rounded = Number.isInteger(whole) ? "" : ` = ⌊${fixed(whole, 2)}⌋ + 1`;
      size.replaceChildren(
        ...rich(
          `$⌊(n + 2p − f)/s⌋ + 1 = ⌊(${n} + 2·${p} − ${F})/${s}⌋ + 1${rounded} = ${map.length}$`,
        ),
      );
      const numbers = windowAt(image, i, j, s, p);
      const { sum: total } = products(kernel, numbers);
      sum.replaceChildren(...productLines(kernel, numbers, total, i, j));
      remark.textContent = remarkText(kernel, n, map);
    }

    return body(
      html(
        "div",
        { class: "exploration-bar" },
        pictures.element,
        kernels.element,
        padding.element,
        stride.element,
        after.element,
      ),
      html(
        "div",
        { class: "exploration-columns exploration-columns-even" },
        input.element,
        output.element,
      ),
      html(
        "section",
        { class: "exploration-section", "aria-label": "The kernel and one place" },
        html(
          "div",
          { class: "exploration-columns exploration-columns-even" },
          html(
            "div",
            null,
            html("p", { class: "exploration-heading" }, "The kernel"),
            html(
              "div",
              { class: "exploration-kernel" },
              entries.map((entry) => entry.element),
            ),
            remark,
            size,
          ),
          html(
            "div",
            null,
            html("p", { class: "exploration-heading" }, "One place of the map"),
            html(
              "div",
              { class: "exploration-sliders" },
              places.map((slider) => slider.element),
            ),
            sum,
          ),
        ),
      ),
    );
  }

  globalThis.Exploration.mount("convolutional", build);
})();
