/*
 * Exploration "fully_connected": a playground. A small network learns to tell two
 * classes in the plane apart, while we watch the decision surface, the losses, the
 * weights, and what each neuron makes of the plane.
 *
 * The mathematics is in engine.js, the drawing in pictures.js. Here: what the reader
 * can set (pure, runs in Node), then the parts of the user interface, then the whole.
 */
(function () {
  "use strict";

  const inNode = typeof module !== "undefined";
  const engine = inNode ? require("./engine.js") : globalThis.ExplorationEngine;
  const pictures = inNode ? require("./pictures.js") : globalThis.ExplorationPictures;
  const torch = inNode ? require("./torch_code.js") : globalThis.ExplorationTorch;
  const own = inNode ? require("./own_points.js") : globalThis.ExplorationOwnPoints;

  /* ====================== Settings ====================== */

  const MOST_LAYERS = 4;
  const MOST_NEURONS = 8;
  const ALL_FEATURES = Object.keys(engine.FEATURES);

  /** All ways to choose at least one feature, written "x1-x2". */
  function featureChoices() {
    return Array.from({ length: 2 ** ALL_FEATURES.length - 1 }, (_, index) =>
      ALL_FEATURES.filter((name, bit) => (index + 1) & (1 << bit)).join("-"),
    );
  }

  /** All sizes of up to four hidden layers, written "4-2", or "none". */
  function hiddenChoices() {
    const sizes = Array.from({ length: MOST_NEURONS }, (_, i) => String(i + 1));
    const all = [sizes];
    while (all.length < MOST_LAYERS) {
      all.push(all.at(-1).flatMap((head) => sizes.map((size) => `${head}-${size}`)));
    }
    return ["none", ...all.flat()];
  }

  const oneOf = (options, initial, always = false) => ({
    kind: "choice",
    options: options.map(String),
    initial: String(initial),
    always,
  });

  const OWN = "own"; // the points of the reader

  /** The state that the URL's hash holds. */
  const SCHEMA = {
    data: oneOf([...Object.keys(engine.DATASETS), OWN], "circle", true),
    points: { kind: "choice", options: own.TEXTS, initial: own.START },
    noise: { kind: "number", min: 0, max: 1, initial: 0.1 },
    test: { kind: "number", min: 10, max: 90, initial: 50 },
    seed: { kind: "number", whole: true, min: 1, max: 9999, initial: 1 },
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

  const hiddenOf = ({ hidden }) =>
    hidden === "none" ? [] : hidden.split("-").map(Number);

  /** What `engine.startRun` needs, from the state. */
  function settingOf(state) {
    const share = state.test / 100;
    return {
      data:
        state.data === OWN
          ? { parts: own.partsOf(own.decode(state.points), share) }
          : { kind: state.data, noise: state.noise, share },
      features: state.features.split("-"),
      hidden: hiddenOf(state),
      activation: state.activation,
      output: state.output,
      seed: state.seed,
    };
  }

  /** What `engine.step` needs, from the state: read again for each step. */
  function optionsOf(state) {
    return {
      batchSize: state.batch === "all" ? Infinity : Number(state.batch),
      eta: Number(state.eta),
      regularization: state.reg,
      lambda: Number(state.lambda),
    };
  }

  /** Add an entry to the losses of a run; old ones are thinned out as they grow. */
  function addToHistory(history, entry, most = 400) {
    if (history.length > 0 && entry.epoch <= history.at(-1).epoch) history.pop();
    history.push(entry);
    if (history.length <= most) return;
    // keep the first, every second one, and the last
    for (let i = 1; i < history.length - 1; i += 1) history.splice(i, 1);
  }

  const settings = { SCHEMA, settingOf, optionsOf, addToHistory };

  if (inNode) module.exports = settings;
  if (typeof document === "undefined") return;

  /* ====================== Words ====================== */

  const { Exploration } = globalThis;
  const { html, svg, rich, fixed, signed } = Exploration;

  const DATA_NAMES = {
    blobs: "Blobs",
    circle: "Circle",
    xor: "XOR",
    spiral: "Spiral",
    [OWN]: "Your own",
  };
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
  const APPLIED = {
    tanh: (z) => `"tanh"(${z})`,
    sigmoid: (z) => `σ(${z})`,
    relu: (z) => `"ReLU"(${z})`,
    linear: (z) => z,
  };
  const COSTS = {
    cross_entropy:
      "Cost $C$: the mean over the examples of the cross-entropy " +
      '$−y "ln" a − (1 − y) "ln"(1 − a)$, where $a$ is the output, $y = 1$ for blue ' +
      "disks and $y = 0$ for orange squares",
    squared:
      "Cost $C$: the mean over the examples of $½(a − y)^2$, where $a$ is the output, " +
      "$y = 1$ for blue disks and $y = −1$ for orange squares",
  };
  const PENALTIES = {
    none: ".",
    l1: ". Training adds $λ Σ|w|$; the numbers here do not.",
    l2: ". Training adds $½λ Σw^2$; the numbers here do not.",
  };
  const LISTS = {
    speed: [
      "Speed",
      [
        ["slow", "slow"],
        ["normal", "normal"],
        ["fast", "fast"],
      ],
    ],
    activation: [
      "Hidden activation",
      [
        ["tanh", "tanh"],
        ["sigmoid", "sigmoid"],
        ["relu", "ReLU"],
        ["linear", "linear"],
      ],
    ],
    output: [
      "Output and loss",
      [
        ["cross_entropy", "sigmoid, cross-entropy"],
        ["squared", "tanh, squared error"],
      ],
    ],
    eta: ["Learning rate $η$", SCHEMA.eta.options.map((text) => [text, text])],
    batch: [
      "Minibatch size $m$",
      SCHEMA.batch.options.map((m) => [m, m === "all" ? "all examples" : m]),
    ],
    reg: [
      "Regularization",
      [
        ["none", "none"],
        ["l1", "ℓ1"],
        ["l2", "ℓ2"],
      ],
    ],
    lambda: ["its rate $λ$", SCHEMA.lambda.options.map((text) => [text, text])],
  };

  const percent = (share) => `${fixed(100 * share, 1)} %`;
  const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  /** "hidden layer 1, neuron 2" or "output neuron". */
  function neuronName(sizes, [l, j]) {
    return l === sizes.length - 1
      ? "output neuron"
      : `hidden layer ${l}, neuron ${j + 1}`;
  }

  const weightFormula = ({ l, j, k }) => `W^${l}_{${j + 1}${k + 1}}`;
  const sameWeight = (p, q) => p?.l === q?.l && p?.j === q?.j && p?.k === q?.k;

  /* ====================== Parts ====================== */

  /** The mark of class 1 or 0, as an SVG element. */
  function markOf(label, x, y, size) {
    return label === 1
      ? svg("circle", { class: "exploration-play-one", cx: x, cy: y, r: size })
      : svg("rect", {
          class: "exploration-play-zero",
          x: x - 0.88 * size,
          y: y - 0.88 * size,
          width: 1.76 * size,
          height: 1.76 * size,
        });
  }

  /** The picture of a data set on its button. */
  function thumbnail(kind) {
    const options = { kind, noise: 0, share: 0, seed: 5, count: 80 };
    const isOwn = kind === OWN;
    const { x1, x2, label } = isOwn
      ? own.partsOf(own.decode(own.START), 0).train
      : engine.makeData(options).train;
    const marks = Array.from(label, (value, i) =>
      markOf(value, 20 + 6.6 * x1[i], 20 - 6.6 * x2[i], isOwn ? 2.2 : 1.5),
    );
    return svg(
      "svg",
      {
        viewBox: "1 1 38 38",
        "aria-hidden": "true",
        class: "exploration-play-thumbnail",
      },
      marks,
    );
  }

  /** A number between two buttons, − and +, which keep the focus at both ends. */
  function stepper({ less, more, low, high, onchange }) {
    let value = low;
    const move = (by) => () => {
      if (value + by >= low && value + by <= high) onchange(value + by);
    };
    const make = (text, by) =>
      html(
        "button",
        { type: "button", class: "exploration-play-plus", onclick: move(by) },
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
    const set = (wanted) => {
      value = wanted;
      count.textContent = value;
      minus.setAttribute("aria-label", `${less}, now ${value}`);
      plus.setAttribute("aria-label", `${more}, now ${value}`);
      minus.setAttribute("aria-disabled", String(value <= low));
      plus.setAttribute("aria-disabled", String(value >= high));
    };
    return { element, set };
  }

  /** The button that plays and pauses. */
  function playButton(onclick) {
    const text = html("span", null);
    const icon = svg("path", {});
    const element = Exploration.button("", onclick, "primary");
    element.classList.add("exploration-play-button");
    element.append(
      svg(
        "svg",
        { viewBox: "0 0 16 16", class: "exploration-icon", "aria-hidden": "true" },
        icon,
      ),
      text,
    );
    const set = (playing) => {
      text.textContent = playing ? "Pause" : "Play";
      const path = playing ? "M3 2h4v12H3zM9 2h4v12H9z" : "M3 1.5v13L14 8z";
      icon.setAttribute("d", path);
    };
    set(false);
    return { element, set };
  }

  /**
   * What happens in every frame: `advance()` trains and returns whether to go on,
   * `picture()` draws. `pause()` is the least time between two advances in ms.
   */
  function createLoop({ advance, picture, pause }) {
    let request = 0;
    let visible = true;
    let lastAdvance = 0;
    let lastPicture = 0;
    let cost = 0; // running mean of what a picture takes, in ms
    let odd = false;

    function frame(now) {
      request = requestAnimationFrame(frame);
      if (!visible) return; // what nobody sees would only cost a battery
      if (now - lastAdvance >= pause()) {
        lastAdvance = now;
        if (!advance()) return;
      }
      // reduced motion: two pictures a second; a slow machine: every second frame
      odd = !odd;
      const wait = Exploration.reducedMotion() ? 500 : 0;
      if (now - lastPicture < wait || (cost > 10 && odd)) return;
      lastPicture = now;
      const start = performance.now();
      picture();
      cost += 0.1 * (performance.now() - start - cost);
    }

    return {
      start() {
        if (request === 0) request = requestAnimationFrame(frame);
      },
      stop() {
        cancelAnimationFrame(request);
        request = 0;
      },
      isRunning: () => request !== 0,
      watch(node) {
        new IntersectionObserver((entries) => {
          visible = entries.at(-1).isIntersecting;
        }).observe(node);
      },
    };
  }

  /** The weights and the bias of one neuron, to read and to change. */
  function createInspector({ onedit, onfocus }) {
    const element = html("div", { class: "exploration-panel" });
    let boxes = []; // {input, read}

    function box({ name, label, array, index, weight }) {
      const input = Exploration.numberInput({
        name,
        min: -1000,
        max: 1000,
        step: 0.1,
        decimals: 3,
        onfocus: () => onfocus(weight),
        oninput: (value) => {
          array[index] = value;
          onedit();
        },
      });
      input.element.addEventListener("blur", () => onfocus(null));
      boxes.push({ input, read: () => array[index] });
      return html(
        "label",
        { class: "exploration-play-weight" },
        html("span", { "aria-hidden": "true" }, rich(`$${label}$`)),
        input.element,
      );
    }

    function formulas({ network, features }, [l, j]) {
      const before = network.sizes[l - 1];
      const term = (k) =>
        `${weightFormula({ l, j, k })} ` +
        (l === 1 ? FEATURE_FORMULAS[features[k]] : `a^${l - 1}_${k + 1}`);
      const terms =
        before <= 3
          ? Array.from({ length: before }, (_, k) => term(k)).join(" + ")
          : `${term(0)} + … + ${term(before - 1)}`;
      const at = `^${l}_${j + 1}`;
      const activation = APPLIED[engine.activationOf(network, l)];
      return rich(`$z${at} = ${terms} + b${at}$,  $a${at} = ${activation(`z${at}`)}$`);
    }

    /** Show another neuron, or the same one of another network. */
    function show(run, [l, j]) {
      const { network, features } = run;
      const before = network.sizes[l - 1];
      boxes = [];
      const weights = Array.from({ length: before }, (_, k) =>
        box({
          name:
            "Weight from " +
            (l === 1
              ? FEATURE_NAMES[features[k]]
              : `neuron ${k + 1} of layer ${l - 1}`),
          label: weightFormula({ l, j, k }),
          array: network.W[l],
          index: j * before + k,
          weight: { l, j, k },
        }),
      );
      const label = `b^${l}_${j + 1}`;
      const bias = { name: "Bias", label, array: network.b[l], index: j, weight: null };
      const name = capital(neuronName(network.sizes, [l, j]));
      element.replaceChildren(
        html("p", { class: "exploration-heading" }, `${name}: weights and bias`),
        html("p", { class: "exploration-play-formula" }, formulas(run, [l, j])),
        html("div", { class: "exploration-play-weights" }, weights, box(bias)),
      );
      follow();
    }

    /** Write the weights of this moment into the boxes, but for the one in use. */
    function follow() {
      for (const { input, read } of boxes) {
        const busy = document.activeElement === input.element;
        const value = Math.round(read() * 1e3) / 1e3;
        if (!busy && Number.isFinite(value)) input.set(value);
      }
    }

    const focus = (k) => boxes[k].input.element.focus({ preventScroll: true });
    return { element, show, follow, focus };
  }

  /** The numbers of the run: epoch, steps, losses and accuracies. */
  function createNumbers() {
    const counter = html("p", { class: "exploration-play-counter" });
    const cells = {};
    const row = (part) => {
      cells[part] = [html("td", null), html("td", null)];
      const key = `exploration-play-key-${part}`;
      const line = html("span", { class: key, "aria-hidden": "true" });
      return html("tr", null, html("th", { scope: "row" }, line, part), cells[part]);
    };
    const heads = ["loss", "accuracy"].map((text) =>
      html("th", { scope: "col" }, text),
    );
    const table = html(
      "table",
      { class: "exploration-table exploration-play-numbers" },
      html("thead", null, html("tr", null, html("td", null), heads)),
      html("tbody", null, row("train"), row("test")),
    );
    function set(run, measured) {
      for (const [part, [loss, accuracy]] of Object.entries(cells)) {
        const value = measured[part].loss;
        loss.textContent = Number.isFinite(value) ? fixed(value, 3) : "—";
        const share = measured[part].accuracy;
        accuracy.textContent = Number.isFinite(share) ? percent(share) : "—";
      }
      const count = (n) => n.toLocaleString("en-US");
      const epoch = html("b", null, count(run.epoch));
      counter.replaceChildren("Epoch ", epoch, `, step ${count(run.steps)}`);
    }
    return { counter, table, set };
  }

  /**
   * The network: its picture, and over it check boxes for the features, − and + for
   * the layers, and a radio button for each neuron.
   *
   * Callbacks: onfeatures(names), onhidden(sizes, said), onchoose(neuron),
   * onpreview(neuron or null), onmark(weight or null), onweight(weight), say(text).
   */
  function createNetworkEditor(on) {
    const picture = pictures.createNetworkPicture();
    const overlay = html("div", { class: "exploration-play-overlay" });
    const tip = html("div", {
      class: "exploration-play-tip",
      "aria-hidden": "true",
      hidden: true,
    });
    const element = html("div", { class: "exploration-play-network" });
    element.append(picture.node, overlay, tip);
    const radioGroup = Exploration.uniqueId("neuron");
    let run = null;
    let place = null;
    let radios = []; // radios[l][j]
    let marked = null;

    /* The layers */
    const hiddenSizes = () => run.network.sizes.slice(1, -1);
    const layers = stepper({
      less: "Remove a hidden layer",
      more: "Add a hidden layer",
      low: 0,
      high: MOST_LAYERS,
      onchange: (count) => {
        const sizes = hiddenSizes();
        const added = sizes.length === 0 ? 4 : 2;
        const wanted = [...sizes, added].slice(0, count);
        on.onhidden(wanted, `${plural(count, "hidden layer")}.`);
      },
    });
    const layerHeads = Array.from({ length: MOST_LAYERS }, (_, index) => {
      const { element: buttons, set } = stepper({
        less: `Remove a neuron from hidden layer ${index + 1}`,
        more: `Add a neuron to hidden layer ${index + 1}`,
        low: 1,
        high: MOST_NEURONS,
        onchange: (count) => {
          const sizes = hiddenSizes();
          sizes[index] = count;
          on.onhidden(sizes, `Hidden layer ${index + 1}: ${plural(count, "neuron")}.`);
        },
      });
      return { element: head(`layer ${index + 1}`, buttons), set };
    });
    function head(text, ...below) {
      const label = html("span", null, text);
      return html("div", { class: "exploration-play-head" }, label, below);
    }
    const [inputHead, outputHead] = [head("inputs"), head("output")];

    /* The features */
    const checks = ALL_FEATURES.map((name) =>
      html("input", {
        type: "checkbox",
        value: name,
        "aria-label": `Input ${FEATURE_NAMES[name]}`,
        onchange: chooseFeatures,
      }),
    );
    const featureLabels = checks.map((check) => {
      const formula = rich(`$${FEATURE_FORMULAS[check.value]}$`);
      return html(
        "label",
        { class: "exploration-play-feature" },
        check,
        html("span", { "aria-hidden": "true" }, formula),
      );
    });
    const features = html(
      "fieldset",
      { class: "exploration-play-group" },
      html("legend", { class: "exploration-hidden" }, "Inputs of the network"),
      inputHead,
      featureLabels,
    );
    function chooseFeatures(event) {
      const chosen = checks.filter(({ checked }) => checked).map(({ value }) => value);
      if (chosen.length > 0) {
        on.onfeatures(chosen, chosen.map((name) => FEATURE_NAMES[name]).join(", "));
        return;
      }
      event.target.checked = true;
      on.say("The network needs at least one input.");
    }

    /* The neurons */
    const neurons = html("fieldset", { class: "exploration-play-group" });
    const legend = html(
      "legend",
      { class: "exploration-hidden" },
      "Neuron in the large picture; arrow keys go from neuron to neuron",
    );
    function neuronRadio(neuron) {
      const radio = html("input", {
        type: "radio",
        name: radioGroup,
        class: "exploration-play-neuron",
        "aria-label": neuronName(run.network.sizes, neuron),
        onchange: () => on.onchoose(neuron),
        onpointerenter: (event) => {
          if (event.pointerType === "mouse") on.onpreview(neuron);
        },
        onpointerleave: () => on.onpreview(null),
      });
      radio.neuron = neuron;
      return radio;
    }
    const ARROWS = {
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
    };
    neurons.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault(); // the browser would take the neurons one after the other
      const { sizes } = run.network;
      const [l, j] = event.target.neuron.map((at, i) => at + arrow[i]);
      const layer = Math.min(sizes.length - 1, Math.max(1, l));
      const neuron = [layer, Math.min(sizes[layer] - 1, Math.max(0, j))];
      on.onchoose(neuron);
      focus(neuron);
    });
    const check = ([l, j]) => {
      radios[l][j].checked = true;
    };
    const focus = ([l, j]) => radios[l][j].focus();

    /** Show a new network: what lies over its picture is made anew. */
    function show(newRun) {
      run = newRun;
      const { sizes } = run.network;
      const focused = document.activeElement;
      radios = [null];
      for (let l = 1; l < sizes.length; l += 1) {
        radios.push(Array.from({ length: sizes[l] }, (_, j) => neuronRadio([l, j])));
      }
      const hidden = hiddenSizes();
      const heads = layerHeads.slice(0, hidden.length);
      heads.forEach(({ set }, index) => set(hidden[index]));
      layers.set(hidden.length);
      for (const box of checks) box.checked = run.features.includes(box.value);
      neurons.replaceChildren(legend, ...radios.slice(1).flat());
      overlay.replaceChildren(
        features,
        ...heads.map((each) => each.element),
        outputHead,
        neurons,
      );
      if (overlay.contains(focused)) focused.focus(); // it has been taken out and in
      layout();
    }

    function put(node, x, y, width, height) {
      const [left, top] = [x - width / 2, y - height / 2];
      for (const [key, value] of Object.entries({ left, top, width, height })) {
        node.style[key] = `${value}px`;
      }
    }

    /** Place everything in the width that there is. */
    function layout() {
      const hidden = hiddenSizes();
      place = pictures.placeNetwork(Math.round(element.clientWidth) || 640, hidden);
      const { node, label, columns } = place;
      element.style.height = `${place.height}px`;
      overlay.dataset.stacked = String(place.stacked);
      featureLabels.forEach((labelNode, index) => {
        const { x, y } = columns[0][index];
        put(labelNode, x - label / 2, y, label + node, node);
        labelNode.style.paddingRight = `${node}px`;
      });
      radios.forEach((column, l) =>
        column?.forEach((radio, j) => {
          put(radio, columns[l][j].x, columns[l][j].y, node, node);
        }),
      );
      const putHead = (headNode, x, width) =>
        put(headNode, x, place.top / 2 - 4, width, place.top - 8);
      hidden.forEach((_, index) => {
        const width = Math.min(place.gap - 1, 92);
        putHead(layerHeads[index].element, columns[index + 1][0].x, width);
      });
      putHead(inputHead, (label + node) / 2, 80);
      putHead(outputHead, Math.min(columns.at(-1)[0].x, place.width - 24), 56);
    }

    /* The weights */
    const weightAt = (event) => {
      if (event.target.closest("input, button, label")) return null;
      const { left, top } = element.getBoundingClientRect();
      const point = { x: event.clientX - left, y: event.clientY - top };
      return pictures.weightNear(point, place, run.features, run.network.sizes);
    };
    element.addEventListener("pointermove", (event) => {
      const weight = weightAt(event);
      element.style.cursor = weight ? "pointer" : "";
      if (!sameWeight(weight, marked)) on.onmark(weight);
    });
    element.addEventListener("pointerleave", () => on.onmark(null));
    element.addEventListener("click", (event) => {
      const weight = weightAt(event);
      if (weight) on.onweight(weight);
    });

    /** Mark a weight and show its value beside it. */
    function mark(weight) {
      marked = weight;
      tip.hidden = marked === null;
      if (marked === null) return;
      const { l, j, k } = marked;
      const w = run.network.W[l][j * run.network.sizes[l - 1] + k];
      tip.replaceChildren(...rich(`$${weightFormula(marked)} = ${signed(w, 3)}$`));
      const nodes = pictures.nodesOf(place, run.features);
      const { x, y } = pictures.onCurve(nodes[l - 1][k], nodes[l][j], 0.5);
      tip.style.left = `${Math.min(Math.max(x, 62), place.width - 62)}px`;
      tip.style.top = `${y}px`;
    }

    function draw(view) {
      if (marked !== null) mark(marked); // its value changes while it trains
      const { network, features: used } = run;
      picture.draw({ ...view, place, network, features: used, marked });
    }

    return { element, layers, show, layout, draw, check, focus, mark };
  }

  /** The controls of the data, as the bar at the top. */
  function createDataControls({ state, onchange, onkind }) {
    const set = (key) => (value) => {
      state[key] = value;
      onchange();
    };
    const kind = Exploration.choice({
      legend: "Data",
      options: Object.entries(DATA_NAMES).map(([key, name]) => [
        key,
        html(
          "span",
          { class: "exploration-play-data" },
          thumbnail(key),
          html("span", null, name),
        ),
      ]),
      onchange: (value) => onkind(value),
    });
    const slider = (key, label, name, { min, max }, step) =>
      Exploration.slider({
        label,
        name,
        min,
        max,
        step,
        floor: min,
        limit: max,
        oninput: set(key),
      });
    const noiseName = "Noise, the standard deviation added to both coordinates";
    const noise = slider("noise", "Noise", noiseName, SCHEMA.noise, 0.05);
    const shareName = "Share of test data in percent";
    const test = slider("test", "Test %", shareName, SCHEMA.test, 5);
    const seed = Exploration.numberInput({
      name: "Seed of data and weights",
      min: 1,
      max: 9999,
      step: 1,
      oninput: (value) => set("seed")(Math.round(value)),
    });
    const next = () => set("seed")((state.seed % 9999) + 1);
    const element = html(
      "div",
      { class: "exploration-bar exploration-play-bar" },
      kind.element,
      html(
        "div",
        { class: "exploration-play-sliders" },
        noise.element,
        test.element,
        html(
          "div",
          { class: "exploration-play-seed" },
          html("span", { "aria-hidden": "true" }, "Seed"),
          seed.element,
          Exploration.button("New seed", next),
        ),
      ),
    );
    const show = () => {
      kind.set(state.data);
      noise.set(state.noise);
      for (const input of noise.element.querySelectorAll("input")) {
        input.disabled = state.data === OWN; // the reader's points stay where they are
      }
      test.set(state.test);
      seed.set(state.seed);
    };
    return { element, show };
  }

  /** The large picture with its title and its scale of colors. */
  function createView(onoutput) {
    const surface = pictures.createSurface();
    const title = html("p", { class: "exploration-heading" });
    const toOutput = Exploration.button("Show the output", onoutput);
    const frame = html("div", { class: "exploration-play-frame" }, surface.node);
    const ends = Array.from({ length: 3 }, () => html("span", null));
    const scale = html(
      "div",
      { class: "exploration-play-scale", "aria-hidden": "true" },
      html("div", { class: "exploration-play-gradient" }),
      html("div", { class: "exploration-play-ends" }, ends),
    );
    const heading = html("div", { class: "exploration-play-title" }, title, toOutput);
    const element = html("div", null, heading, frame, scale);
    function draw(view) {
      const drawn = surface.draw(view);
      ends.forEach((node, i) => {
        if (node.textContent !== drawn.ends[i]) node.textContent = drawn.ends[i];
      });
    }
    function describe(text, isOutput, spoken) {
      title.textContent = text;
      toOutput.hidden = isOutput;
      surface.node.setAttribute("aria-label", `${text}. ${spoken}`);
    }
    const layout = () => surface.layout(Math.floor(frame.clientWidth));
    return { element, frame, surface, draw, describe, layout };
  }

  /* ====================== The whole ====================== */

  const FINE = 100; // grid of the large picture while nothing moves
  const COARSE = { small: 56, large: 40 }; // of all pictures, by size of the network
  const FRAME_MS = 7; // of training in one frame; the rest is for the picture
  const EPOCHS_A_FRAME = { slow: 1, normal: 1, fast: 10 };
  const PAUSES = { slow: 100, normal: 0, fast: 0 }; // ms between frames that train
  const SPEAK_EVERY = 6000; // ms between two reports of the losses
  const NUMBERS_EVERY = 100; // ms: numbers that change faster cannot be read

  function build(figure) {
    const state = Exploration.initialState(SCHEMA);
    const live = Exploration.liveRegion();
    let run = null;
    let grid = null; // what every neuron makes of the plane, coarsely
    let fine = null; // the same for the large picture at rest
    let history = [];
    let measured = null; // {train, test} of the last evaluation
    let palette = null;
    let shown = [Infinity, 0]; // the neuron in the large picture: [layer, neuron]
    let preview = null; // the neuron under the pointer
    let showTest = false;
    let laidOut = false;

    const share = Exploration.shareState({
      figure,
      schema: SCHEMA,
      state,
      live,
      onload: () => {
        stop();
        restart({ output: true });
        live.say(`Setting loaded. ${spoken()}`);
      },
    });

    /* ---------- Training ---------- */

    /** A network at its start; `output`: the large picture shows its output. */
    function restart({ output = false } = {}) {
      run = engine.startRun(settingOf(state));
      const { sizes } = run.network;
      const count = sizes.slice(1).reduce((sum, n) => sum + n, 0);
      const size = count > 16 ? COARSE.large : COARSE.small;
      grid = engine.createGrid(sizes, run.features, size);
      fine = null;
      history = [];
      measure();
      editor.show(run);
      editor.mark(null);
      const last = sizes.length - 1;
      choose(output || shown[0] > last ? [last, 0] : shown);
    }

    function measure() {
      const [train, test] = ["train", "test"].map((part) => engine.evaluate(run, part));
      measured = { train, test };
      const epoch = run.epoch + run.at / run.train.m;
      addToHistory(history, { epoch, train: train.loss, test: test.loss });
    }

    /** Whether the numbers are still numbers (without examples there are none). */
    const healthy = () => Number.isFinite(measured.train.loss) || run.train.m === 0;

    function spoken() {
      const { train, test } = measured;
      if (!healthy()) return trouble.textContent;
      if (run.train.m === 0) return "There are no training examples.";
      const tested =
        run.test.m === 0
          ? "no test examples"
          : `test loss ${fixed(test.loss, 3)}, test accuracy ${percent(test.accuracy)}`;
      return `Epoch ${run.epoch}: training loss ${fixed(train.loss, 3)}, ${tested}.`;
    }

    let lastSpoken = 0;

    const loop = createLoop({
      pause: () => PAUSES[state.speed],
      advance() {
        const options = optionsOf(state);
        const deadline = performance.now() + FRAME_MS;
        let left = EPOCHS_A_FRAME[state.speed];
        while (left > 0 && performance.now() < deadline) {
          if (engine.step(run, options)) left -= 1;
        }
        measure();
        if (!healthy()) {
          stop();
          live.say(spoken());
          return false;
        }
        if (performance.now() - lastSpoken > SPEAK_EVERY) {
          lastSpoken = performance.now();
          live.say(spoken());
        }
        return true;
      },
      picture: () => draw(),
    });

    function playOrPause() {
      if (loop.isRunning()) {
        stop();
        live.say(`Paused. ${spoken()}`);
      } else if (healthy() && run.train.m > 0) {
        lastSpoken = performance.now();
        loop.start();
        play.set(true);
      }
    }

    function stop() {
      loop.stop();
      play.set(false);
      invalidate();
    }

    /** One step or one epoch by hand. */
    const advance = (move) => () => {
      stop();
      if (!healthy() || run.train.m === 0) return;
      move(run, optionsOf(state));
      measure();
      live.say(`Step ${run.steps}. ${spoken()}`);
    };

    /** After a change that needs another network. */
    function anew(said, { output = false } = {}) {
      restart({ output });
      share.save();
      live.say(`${said} The network starts anew. ${spoken()}`.trim(), 500);
    }

    /* ---------- Controls ---------- */

    const play = playButton(playOrPause);
    const running = [
      play.element,
      Exploration.button("One step", advance(engine.step)),
      Exploration.button("One epoch", advance(engine.runEpoch)),
      Exploration.button("Reset", () => {
        stop();
        restart();
        live.say(`Back to the start. ${spoken()}`);
      }),
    ];
    const data = createDataControls({
      state,
      onchange: () => anew("New data."),
      onkind: (kind) => {
        // a handful of points: most of them are needed for training
        if (kind === OWN && state.test === SCHEMA.test.initial) state.test = 20;
        state.data = kind;
        anew("New data.");
      },
    });
    const ownPoints = () => own.decode(state.points);
    const points = own.createEditor({
      points: ownPoints,
      onselect: () => invalidate(),
      onchange: (all, said) => {
        state.points = own.encode(all);
        engine.exchangeData(run, own.partsOf(all, state.test / 100));
        measure();
        if (run.train.m === 0) stop();
        share.save();
        invalidate();
        if (said !== null) live.say(said);
        else live.say(spoken(), 600);
      },
    });
    const lists = Object.fromEntries(
      Object.entries(LISTS).map(([key, [label, options]]) => {
        const onchange = (value) => {
          state[key] = value;
          if (key === "activation" || key === "output") anew("");
          else invalidate();
          share.save();
        };
        return [key, Exploration.select({ label, options, onchange })];
      }),
    );
    const testPoints = html("input", {
      type: "checkbox",
      onchange: () => {
        showTest = testPoints.checked;
        invalidate();
      },
    });

    /* ---------- Pictures and numbers ---------- */

    const view = createView(() => {
      choose([run.network.sizes.length - 1, 0]);
      editor.focus(shown);
    });
    const chart = pictures.createChart();
    const chartFrame = html("div", { class: "exploration-play-frame" }, chart.node);
    const numbers = createNumbers();
    const costText = html("p", { class: "exploration-remark" });
    const trouble = html(
      "p",
      { class: "exploration-outcome", "data-kind": "cycle", hidden: true },
      "The weights have grown beyond what numbers can hold. Choose a smaller learning " +
        "rate, then press Reset.",
    );
    const mark = (weight) => {
      editor.mark(weight);
      invalidate();
    };
    const inspector = createInspector({
      onfocus: mark,
      onedit: () => {
        measure();
        invalidate();
        live.say(spoken(), 600);
      },
    });
    const editor = createNetworkEditor({
      say: live.say,
      onfeatures: (names, said) => {
        state.features = names.join("-");
        anew(`Inputs: ${said}.`, { output: true });
      },
      onhidden: (sizes, said) => {
        state.hidden = sizes.length === 0 ? "none" : sizes.join("-");
        anew(said, { output: true });
      },
      onchoose: choose,
      onpreview: (neuron) => {
        preview = neuron;
        invalidate();
      },
      onmark: mark,
      onweight: (weight) => {
        choose([weight.l, weight.j]);
        inspector.focus(weight.k);
      },
    });

    /** Show a neuron in the large picture, and its weights below the network. */
    function choose(neuron) {
      shown = neuron;
      preview = null;
      editor.check(shown);
      inspector.show(run, shown);
      invalidate();
    }

    /* ---------- The network as a program ---------- */

    const program = html("pre", { class: "exploration-play-program", tabindex: 0 });
    const copied = () => live.say("The program is in the clipboard.");
    const copy = Exploration.button("Copy", () => {
      navigator.clipboard?.writeText(program.textContent).then(copied, () => {});
    });
    const asTorch = html(
      "details",
      { class: "exploration-section", ontoggle: () => invalidate() },
      html("summary", null, "Show as PyTorch"),
      copy,
      program,
    );

    /* ---------- Drawing ---------- */

    let waiting = 0;

    /** Draw in the next frame: many changes in one frame cost one picture. */
    function invalidate() {
      if (waiting !== 0) return;
      waiting = requestAnimationFrame(() => {
        waiting = 0;
        draw();
      });
    }

    let lastNumbers = 0;

    function draw() {
      if (!laidOut) return;
      const { network, features } = run;
      const resting = !loop.isRunning();
      const neuron = preview ?? shown;
      grid.refresh(network);
      let large = grid;
      if (resting) {
        fine ??= engine.createGrid(network.sizes, features, FINE);
        fine.refresh(network);
        large = fine;
      }
      const activation = engine.activationOf(network, neuron[0]);
      const isOwn = state.data === OWN;
      const examples = {
        data: run.data,
        showTest: showTest || isOwn, // a point that vanished would be a riddle
        chosen: isOwn ? points.selected() : null,
      };
      view.draw({ grid: large, shown: neuron, activation, palette, ...examples });
      chart.draw(history, palette);
      editor.draw({ grid, palette, shown: neuron });
      if (resting || performance.now() - lastNumbers > NUMBERS_EVERY) {
        lastNumbers = performance.now();
        numbers.set(run, measured);
        inspector.follow();
        drawTexts(neuron);
      }
    }

    function drawTexts(neuron) {
      const { sizes } = run.network;
      const name = neuronName(sizes, neuron);
      const isOutput = neuron[0] === sizes.length - 1;
      const title = isOutput ? "Decision surface: the output" : capital(name);
      view.describe(title, shown[0] === sizes.length - 1, spoken());
      const [first, { train, test }] = [history[0], measured];
      chart.node.setAttribute(
        "aria-label",
        `Losses over ${plural(run.epoch, "epoch")}: training from ` +
          `${fixed(first.train, 3)} to ${fixed(train.loss, 3)}` +
          (run.test.m === 0
            ? "."
            : `, test from ${fixed(first.test, 3)} to ${fixed(test.loss, 3)}.`),
      );
      trouble.hidden = healthy();
      if (loop.isRunning()) return;
      if (asTorch.open) program.textContent = torch.torchCode(run, optionsOf(state));
      costText.replaceChildren(...rich(COSTS[state.output] + PENALTIES[state.reg]));
      data.show();
      showPoints();
      for (const [key, list] of Object.entries(lists)) list.set(state[key]);
      const { element: lambda } = lists.lambda;
      lambda.querySelector("select").disabled = state.reg === "none";
    }

    /** The controls of the reader's points, where these are the data. */
    function showPoints() {
      const isOwn = state.data === OWN;
      const { node } = view.surface;
      points.element.hidden = !isOwn;
      node.classList.toggle("exploration-own-plane", isOwn);
      node.setAttribute("role", isOwn ? "application" : "img"); // the arrows are ours
      testPoints.disabled = isOwn;
      if (isOwn) {
        node.tabIndex = 0;
        points.show();
      } else {
        node.removeAttribute("tabindex");
      }
    }

    function layout() {
      // A page that is still being laid out, or a closed panel, has no room yet.
      const room = Math.min(view.frame.clientWidth, editor.element.clientWidth);
      laidOut = room > 100;
      if (!laidOut) return;
      view.layout();
      chart.layout(Math.floor(chartFrame.clientWidth));
      editor.layout();
      draw();
    }

    /* ---------- The page ---------- */

    const title = (text, side) =>
      html(
        "div",
        { class: "exploration-play-title" },
        html("p", { class: "exploration-heading" }, text),
        side,
      );
    const settingsRow = (...keys) =>
      html(
        "div",
        { class: "exploration-play-settings" },
        keys.map((key) => lists[key].element),
      );
    const legendIcon = (label) =>
      svg(
        "svg",
        { viewBox: "0 0 16 16", class: "exploration-icon", "aria-hidden": "true" },
        markOf(label, 8, 8, 5),
      );
    const legendLine = (key, text) =>
      html("li", null, html("span", { class: key }), text);
    const results = html(
      "div",
      null,
      title("Losses", numbers.counter),
      chartFrame,
      numbers.table,
      trouble,
      html(
        "ul",
        { class: "exploration-legend exploration-play-legend" },
        html("li", null, legendIcon(1), "class 1"),
        html("li", null, legendIcon(0), "class 0"),
        legendLine("exploration-play-key-line", "boundary, z = 0"),
        html("li", null, html("label", null, testPoints, " test examples, hollow")),
      ),
      costText,
    );
    const layersControl = html(
      "span",
      { class: "exploration-play-layers" },
      html("span", null, "Hidden layers"),
      editor.layers.element,
    );
    const element = html(
      "div",
      { class: "exploration-body exploration-play" },
      data.element,
      points.element,
      html(
        "div",
        { class: "exploration-section exploration-play-run" },
        html("div", { class: "exploration-actions" }, running, lists.speed.element),
        settingsRow("eta", "batch", "reg", "lambda"),
      ),
      html("div", { class: "exploration-columns" }, view.element, results),
      html(
        "section",
        { class: "exploration-section", "aria-label": "Network" },
        title("Network", layersControl),
        settingsRow("activation", "output"),
        editor.element,
        html(
          "ul",
          { class: "exploration-legend" },
          legendLine("exploration-key-positive", "positive weight"),
          legendLine("exploration-key-negative", "negative weight"),
          html("li", null, "the thicker, the larger; point at one to read it"),
        ),
        inspector.element,
      ),
      asTorch,
      share.bar,
      live.element,
    );

    const start = () => {
      palette = pictures.readPalette(figure);
      points.attach({
        ...view.surface,
        reach: () => view.surface.spanOf(11),
        isOn: () => state.data === OWN,
      });
      restart({ output: true });
      share.load();
      layout();
      const observer = new ResizeObserver(layout);
      observer.observe(view.frame);
      observer.observe(editor.element);
      new MutationObserver(() => {
        palette = pictures.readPalette(figure);
        invalidate();
      }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      loop.watch(figure);
    };
    return { element, start };
  }

  Exploration.mount("fully_connected", build);
})();
