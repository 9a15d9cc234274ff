/*
 * Exploration "receptive_field": a stack of convolutions and poolings, one dimension
 * of it drawn as rows of dots. For each layer: size, receptive field, jump. Choose a
 * neuron of the last layer and see what can reach it.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const MOST = 6; // layers
  const LARGEST = 96; // pixels of the input

  /**
   * What each layer of a stack is like, the input first.
   *
   * size: neurons along one side; field: pixels of the input that one of them can see;
   * jump: pixels of the input between two neighbors; start: the middle of the first
   * neuron's field, where pixel 0 has its middle at 0.
   *
   * @param {number} n - pixels along one side of the input
   * @param {{f: number, s: number, p: number}[]} layers - kernel, stride, padding
   * @returns the list; it ends early, before a layer whose window does not fit
   */
  function follow(n, layers) {
    const result = [{ size: n, field: 1, jump: 1, start: 0 }];
    for (const { f, s, p } of layers) {
      const { size, field, jump, start } = result[result.length - 1];
      const next = Math.floor((size + 2 * p - f) / s) + 1;
      if (next < 1) break;
      result.push({
        size: next,
        field: field + (f - 1) * jump,
        jump: jump * s,
        start: start + ((f - 1) / 2 - p) * jump,
      });
    }
    return result;
  }

  /**
   * The neurons of every layer that can reach one neuron of the last layer, as
   * [first, last] for each layer, the input first. They may lie in the padding: below 0
   * or beyond the size.
   */
  function reach(layers, index) {
    const result = [[index, index]];
    for (const { f, s, p } of [...layers].reverse()) {
      const [first, last] = result[0];
      result.unshift([first * s - p, last * s - p + f - 1]);
    }
    return result;
  }

  const layer = (f, s = 1, p = 0) => ({ f, s, p });

  /** Stacks by name: [text, pixels of the input, layers]. */
  const STACKS = {
    lenet: [
      "LeNet-5",
      28,
      [layer(5, 1, 2), layer(2, 2), layer(5), layer(2, 2), layer(5)],
    ],
    exercise: [
      "The exercise's network",
      28,
      [layer(4), layer(2, 2, 1), layer(2), layer(2, 2, 1)],
    ],
    two: ["Two 3×3", 16, [layer(3), layer(3)]],
    one: ["One 5×5", 16, [layer(5)]],
    three: ["Three 3×3, same size", 16, [layer(3, 1, 1), layer(3, 1, 1), layer(3, 1, 1)]],
    strided: ["Three 3×3, stride 2", 32, [layer(3, 2, 1), layer(3, 2, 1), layer(3, 2, 1)]],
  };

  const UNUSED = layer(3);

  /** The state that the URL's hash holds: n, the number of layers, f1, s1, p1, … */
  const number = (min, max, initial) => ({
    kind: "number",
    whole: true,
    min,
    max,
    initial,
    always: true,
  });
  const FIRST = STACKS.lenet;
  const SCHEMA = {
    n: number(1, LARGEST, FIRST[1]),
    layers: number(1, MOST, FIRST[2].length),
    ...Object.fromEntries(
      Array.from({ length: MOST }, (_, k) => {
        const { f, s, p } = FIRST[2][k] ?? UNUSED;
        return [
          ["f" + (k + 1), { ...number(1, 11, f), always: false }],
          ["s" + (k + 1), { ...number(1, 5, s), always: false }],
          ["p" + (k + 1), { ...number(0, 5, p), always: false }],
        ];
      }).flat(),
    ),
    neuron: { ...number(0, LARGEST + 2 * 5 * MOST, 0), always: false },
  };

  /** The layers of a state. */
  function layersOf(state) {
    return Array.from({ length: state.layers }, (_, k) => ({
      f: state["f" + (k + 1)],
      s: state["s" + (k + 1)],
      p: state["p" + (k + 1)],
    }));
  }

  const mathematics = { LARGEST, MOST, SCHEMA, STACKS, follow, reach, layersOf };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, short, tableHead } = globalThis.Exploration;

  const WIDTH = 640;
  const ROW = 46; // height of a layer in the drawing
  const LEFT = 70;

  const sameStack = (n, layers) => {
    const text = JSON.stringify(layers);
    return ([, [, size, known]]) => size === n && JSON.stringify(known) === text;
  };

  /** The layers as rows of dots, the input at the bottom. */
  function drawing(steps, spans) {
    const top = steps.length - 1;
    const low = Math.min(0, ...steps.map((_, l) => placeOf(steps[l], spans[l][0])));
    const high = Math.max(
      steps[0].size - 1,
      ...steps.map((step, l) => placeOf(step, spans[l][1])),
    );
    const scale = (WIDTH - LEFT - 24) / Math.max(1, high - low);
    const x = (place) => LEFT + 12 + (place - low) * scale;
    const y = (l) => 24 + (top - l) * ROW;
    const root = svg("svg", {
      class: "exploration-receptive",
      viewBox: `0 0 ${WIDTH} ${y(0) + 26}`,
      role: "img",
      "aria-label": `One neuron of layer ${top} and the neurons below that reach it`,
    });
    for (let l = top; l > 0; l -= 1) {
      const [upper, lower] = [spans[l], spans[l - 1]];
      const corners = [
        [x(placeOf(steps[l], upper[0])), y(l)],
        [x(placeOf(steps[l], upper[1])), y(l)],
        [x(placeOf(steps[l - 1], lower[1])), y(l - 1)],
        [x(placeOf(steps[l - 1], lower[0])), y(l - 1)],
      ];
      root.append(
        svg("polygon", { class: "exploration-cone", points: corners.join(" ") }),
      );
    }
    steps.forEach((step, l) => {
      const [first, last] = spans[l];
      const label = l === 0 ? "input" : `layer ${l}`;
      root.append(
        svg("text", { x: 2, y: y(l) + 5, class: "exploration-receptive-label" }, label),
      );
      const radius = Math.min(6, Math.max(1.6, step.jump * scale * 0.36));
      const from = Math.min(0, first);
      const to = Math.max(step.size - 1, last);
      for (let k = from; k <= to; k += 1) {
        const inside = k >= first && k <= last;
        const real = k >= 0 && k < step.size;
        if (!real && !inside) continue;
        const kind = !real ? "padding" : inside ? "reached" : "idle";
        root.append(
          svg("circle", {
            class: `exploration-dot exploration-dot-${kind}`,
            cx: x(placeOf(step, k)),
            cy: y(l),
            r: radius,
          }),
        );
      }
    });
    return root;
  }

  const placeOf = (step, k) => step.start + k * step.jump;

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken,
      pause: 500,
    });
    const load = (n, layers) => {
      Object.assign(state, { n, layers: layers.length });
      layers.forEach((each, k) => {
        for (const key of ["f", "s", "p"]) state[key + (k + 1)] = each[key];
      });
      state.neuron = Math.floor((follow(n, layers).at(-1).size - 1) / 2);
    };

    /* Controls */
    const stacks = Exploration.select({
      label: "Stack",
      options: [
        ...Object.entries(STACKS).map(([name, [text]]) => [name, text]),
        ["own", "Your own"],
      ],
      onchange: (name) => {
        if (STACKS[name]) load(...STACKS[name].slice(1));
        changed();
      },
    });
    const pixels = Exploration.numberInput({
      name: "Pixels n of the input",
      min: 1,
      max: LARGEST,
      step: 1,
      decimals: 0,
      oninput: set("n"),
    });
    const add = Exploration.button("Add a layer", () => {
      state.layers = Math.min(MOST, state.layers + 1);
      changed();
    });
    const remove = Exploration.button("Remove the last", () => {
      state.layers = Math.max(1, state.layers - 1);
      changed();
    });
    const titles = { f: "kernel f", s: "stride s", p: "padding p" };
    const rows = Array.from({ length: MOST }, (_, k) => {
      const inputs = ["f", "s", "p"].map((key) => {
        const field = SCHEMA[key + (k + 1)];
        return Exploration.numberInput({
          name: `Layer ${k + 1}, ${titles[key]}`,
          min: field.min,
          max: field.max,
          step: 1,
          decimals: 0,
          oninput: set(key + (k + 1)),
        });
      });
      const results = ["size", "field", "jump"].map(() => html("td"));
      const element = html(
        "tr",
        null,
        html("th", { scope: "row" }, String(k + 1)),
        inputs.map((input) => html("td", null, input.element)),
        results,
      );
      return { element, inputs, results };
    });
    const neuron = Exploration.slider({
      label: "neuron",
      name: "Neuron of the last layer",
      min: 0,
      max: 0,
      step: 1,
      limit: SCHEMA.neuron.max,
      floor: 0,
      oninput: set("neuron"),
    });

    /* What the controls change */
    const picture = html("div", { class: "exploration-picture" });
    const first = ["size", "field", "jump"].map(() => html("td"));
    const head = ["layer", "$f$", "$s$", "$p$", "size", "field", "jump"];
    const table = html(
      "table",
      { class: "exploration-table exploration-stack-table" },
      tableHead(head),
      html(
        "tbody",
        null,
        html(
          "tr",
          null,
          html("th", { scope: "row" }, "input"),
          html("td", { colspan: 3 }),
          first,
        ),
        rows.map((row) => row.element),
      ),
    );
    const summary = html("div", { class: "exploration-panel" });

    function spoken() {
      const steps = follow(state.n, layersOf(state));
      const last = steps[steps.length - 1];
      return (
        `Layer ${steps.length - 1} has ${last.size} neurons a side; each sees ` +
        `${last.field} pixels; the jump is ${last.jump}.`
      );
    }

    function summaryLines(steps, layers, spans) {
      const depth = steps.length - 1;
      const last = steps[depth];
      const [low, high] = spans[0];
      const seen = Math.min(high, state.n - 1) - Math.max(low, 0) + 1;
      const outside = high - low + 1 - seen;
      const lines = [];
      if (depth > 0) {
        const [before, { f }] = [steps[depth - 1], layers[depth - 1]];
        lines.push(
          `Layer ${depth}: field $= ${before.field} + (${f} − 1)·${before.jump} = ${last.field}$` +
            `, jump $= ${before.jump}·${layers[depth - 1].s} = ${last.jump}$.`,
        );
      }
      lines.push(
        `The chosen neuron sees the pixels ${short(Math.max(low, 0))} to ` +
          `${short(Math.min(high, state.n - 1))}: ${seen} of ${state.n}` +
          (outside > 0 ? `, and ${outside} places of padding.` : "."),
      );
      if (depth < layers.length) {
        lines.push(
          `The window of layer ${depth + 1} does not fit: ${last.size} + ` +
            `2·${layers[depth].p} is less than ${layers[depth].f}.`,
        );
      }
      return lines;
    }

    function draw() {
      const layers = layersOf(state);
      const steps = follow(state.n, layers);
      const last = steps[steps.length - 1];
      state.neuron = Math.min(state.neuron, last.size - 1);
      const spans = reach(layers.slice(0, steps.length - 1), state.neuron);
      stacks.set(
        Object.entries(STACKS).find(sameStack(state.n, layers))?.[0] ?? "own",
      );
      pixels.set(state.n);
      add.disabled = layers.length === MOST;
      remove.disabled = layers.length === 1;
      neuron.element.querySelector("input").max = last.size - 1;
      neuron.set(state.neuron);
      const show = (cells, step) => {
        ["size", "field", "jump"].forEach((key, c) => {
          cells[c].textContent = step ? String(step[key]) : "does not fit";
        });
      };
      show(first, steps[0]);
      rows.forEach((row, k) => {
        row.element.hidden = k >= layers.length;
        ["f", "s", "p"].forEach((key, c) => row.inputs[c].set(state[key + (k + 1)]));
        show(row.results, steps[k + 1]);
      });
      picture.replaceChildren(drawing(steps, spans));
      summary.replaceChildren(
        ...summaryLines(steps, layers, spans).map((line) => html("p", null, rich(line))),
      );
    }

    const legend = html(
      "ul",
      { class: "exploration-legend" },
      ["reached", "idle", "padding"].map((kind) =>
        html(
          "li",
          null,
          svg(
            "svg",
            { class: "exploration-icon", viewBox: "0 0 22 22", "aria-hidden": "true" },
            svg("circle", {
              class: `exploration-dot exploration-dot-${kind}`,
              cx: 11,
              cy: 11,
              r: 7,
            }),
          ),
          {
            reached: "reaches the chosen neuron",
            idle: "does not",
            padding: "padding",
          }[kind],
        ),
      ),
    );
    return body(
      html(
        "div",
        { class: "exploration-bar" },
        stacks.element,
        html(
          "label",
          { class: "exploration-receptive-number" },
          html("span", null, "Pixels of the input"),
          pixels.element,
        ),
        html("div", { class: "exploration-actions" }, add, remove),
      ),
      html(
        "div",
        { class: "exploration-stack" },
        picture,
        legend,
        neuron.element,
        summary,
        html("div", { class: "exploration-scroll" }, table),
      ),
    );
  }

  globalThis.Exploration.mount("receptive_field", build);
})();
