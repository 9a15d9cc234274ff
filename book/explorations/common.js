/*
 * What every exploration of the book needs: numbers and formulas as text, HTML and
 * SVG elements, labeled controls, a live region, and a state that lives in the
 * URL's hash (#perceptron?gate=and&w1=2), so that a setting can be shared.
 *
 * A classic script without dependencies: it defines the one global `Exploration`.
 * Everything above "Elements" is pure and runs in Node, too.
 */
(function () {
  "use strict";

  if (globalThis.Exploration) return; // two explorations on one page load this twice

  /* ---------- Numbers as text ---------- */

  const MINUS = "\u2212";

  /** A number with a fixed count of decimals, a true minus sign and no "−0.00". */
  function fixed(value, decimals = 2) {
    const text = Math.abs(value).toFixed(decimals);
    return (value < 0 && Number(text) !== 0 ? MINUS : "") + text;
  }

  /** A number with at most `decimals` decimals and no trailing zeros. */
  function short(value, decimals = 2) {
    const text = fixed(value, decimals);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }

  /** As `short`, with a plus sign where the number is positive. */
  function signed(value, decimals = 2) {
    const text = short(value, decimals);
    return text === "0" || text.startsWith(MINUS) ? text : "+" + text;
  }

  /** As `short`, in parentheses where negative: a factor in a product. */
  function factor(value, decimals = 2) {
    const text = short(value, decimals);
    return text.startsWith(MINUS) ? "(" + text + ")" : text;
  }

  /** As a term that follows others in a sum: "+ 0.5" or "− 0.5". */
  function term(value, decimals = 2) {
    const text = short(value, decimals);
    return text.startsWith(MINUS) ? MINUS + " " + text.slice(1) : "+ " + text;
  }

  /* ---------- State in the hash ---------- */

  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

  function parseValue(text, field) {
    if (field.kind === "choice") return field.options.includes(text) ? text : null;
    const trimmed = text.trim();
    if (!NUMBER.test(trimmed)) return null;
    const value = Number(trimmed);
    if (value < field.min || value > field.max) return null;
    return field.whole ? Math.round(value) : value;
  }

  /** The initial state that a schema describes. */
  function initialState(schema) {
    return Object.fromEntries(
      Object.entries(schema).map(([key, field]) => [key, field.initial]),
    );
  }

  /**
   * The state that a hash such as "#perceptron?gate=and&w1=2" asks for, or null
   * where it is not meant for `name` or holds no valid value. Unknown keys and
   * invalid values are ignored; keys that are missing take their initial value.
   *
   * @param {string} hash - location.hash, with its "#"
   * @param {string} name - the exploration's name
   * @param {object} schema - key -> {kind: "choice", options, initial} or
   *     {kind: "number", min, max, initial}, with `whole: true` where it counts; at
   *     least one has `always: true`
   */
  function parseHash(hash, name, schema) {
    const start = "#" + name + "?";
    if (typeof hash !== "string" || !hash.startsWith(start)) return null;
    const given = new URLSearchParams(hash.slice(start.length));
    const valid = {};
    for (const [key, field] of Object.entries(schema)) {
      const value = given.has(key) ? parseValue(given.get(key), field) : null;
      if (value !== null) valid[key] = value;
    }
    if (Object.keys(valid).length === 0) return null;
    return { ...initialState(schema), ...valid };
  }

  /**
   * The hash of a state: the fields that differ from the initial state, and those with
   * `always: true`, without which the hash of the initial state would name nothing.
   * Numbers have six significant digits.
   */
  function formatHash(name, schema, state) {
    const pairs = Object.entries(schema)
      .filter(([key, field]) => field.always || state[key] !== field.initial)
      .map(([key, field]) => {
        const value =
          field.kind === "number" ? Number(state[key].toPrecision(6)) : state[key];
        return key + "=" + value;
      });
    return "#" + name + "?" + pairs.join("&");
  }

  /* ---------- Formulas ---------- */

  const LETTER = /[A-Za-z\u03b1-\u03c9]/;

  /**
   * Split a formula such as 'z^1_{2} = "step"(x)' into atoms {text, italic, sup,
   * sub}: letters are italic, what stands in double quotes is upright.
   */
  function parseFormula(source) {
    const atoms = [];
    let at = 0;
    const script = () => {
      at += 1;
      if (source[at] !== "{") return source[at++];
      const end = source.indexOf("}", at);
      const inner = source.slice(at + 1, end);
      at = end + 1;
      return inner;
    };
    while (at < source.length) {
      let text = source[at];
      let italic = false;
      if (text === '"') {
        const end = source.indexOf('"', at + 1);
        text = source.slice(at + 1, end);
        at = end + 1;
      } else {
        italic = LETTER.test(text);
        at += 1;
      }
      const atom = { text, italic, sup: null, sub: null };
      while (source[at] === "^" || source[at] === "_") {
        if (source[at] === "^") atom.sup = script();
        else atom.sub = script();
      }
      const last = atoms[atoms.length - 1];
      const plain = (a) => a && !a.italic && a.sup === null && a.sub === null;
      if (plain(atom) && plain(last)) last.text += atom.text;
      else atoms.push(atom);
    }
    return atoms;
  }

  const pure = {
    fixed,
    short,
    signed,
    factor,
    term,
    initialState,
    parseHash,
    formatHash,
    parseFormula,
  };

  if (typeof document === "undefined") {
    if (typeof module !== "undefined") module.exports = pure;
    return;
  }

  /* ---------- Elements ---------- */

  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null));
    return node;
  }

  /** An HTML element; attributes whose value is a function are listeners ("onclick"). */
  function html(tag, attributes, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  /** An SVG element, as `html`. */
  function svg(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    return fill(node, attributes, children);
  }

  let serial = 0;

  /** An id that occurs once in the page. */
  function uniqueId(stem) {
    serial += 1;
    return "exploration-" + stem + "-" + serial;
  }

  function typesetAtom(atom) {
    const base = atom.italic ? html("i", null, atom.text) : atom.text;
    const { sup, sub } = atom;
    if (sup === null && sub === null) return base;
    const inner = (script) => parseFormula(script).map(typesetAtom);
    let scripts;
    if (sup !== null && sub !== null) {
      scripts = html(
        "span",
        { class: "exploration-scripts" },
        html("span", null, inner(sup)),
        html("span", null, inner(sub)),
      );
    } else {
      scripts = html(sup === null ? "sub" : "sup", null, inner(sup ?? sub));
    }
    return html("span", { class: "exploration-atom" }, base, scripts);
  }

  /** A formula as an HTML element. */
  function formula(source) {
    return html(
      "span",
      { class: "exploration-math" },
      parseFormula(source).map(typesetAtom),
    );
  }

  /** Text in which what stands between dollar signs is a formula. */
  function rich(text) {
    return text
      .split("$")
      .map((part, index) => (index % 2 === 1 ? formula(part) : part))
      .filter((part) => part !== "");
  }

  /** The head of a table: a row of texts, as `rich` reads them. */
  function tableHead(texts) {
    const cells = texts.map((text) => html("th", { scope: "col" }, rich(text)));
    return html("thead", null, html("tr", null, cells));
  }

  /** A formula as an SVG text element; scripts are stacked by hand. */
  function svgFormula(attributes, source) {
    const node = svg("text", attributes);
    let shift = 0; // how far the baseline has been moved, in em of the full size
    const add = (text, classes, wanted, back = 0) => {
      const scale = classes.includes("script") ? 0.72 : 1;
      node.append(
        svg(
          "tspan",
          {
            class: classes,
            dy: wanted === shift ? null : (wanted - shift) / scale + "em",
            dx: back ? back + "em" : null,
          },
          text,
        ),
      );
      shift = wanted;
    };
    for (const atom of parseFormula(source)) {
      add(atom.text, atom.italic ? "exploration-italic" : "exploration-roman", 0);
      if (atom.sup !== null) add(atom.sup, "exploration-script", -0.42);
      if (atom.sub !== null) {
        const back = atom.sup === null ? 0 : -0.52 * atom.sup.length;
        add(atom.sub, "exploration-script", 0.22, back);
      }
    }
    return node;
  }

  /* ---------- Controls ---------- */

  /** A button; `kind` is "primary" or left out. */
  function button(label, onclick, kind = "plain") {
    const classes = "exploration-button exploration-button-" + kind;
    return html("button", { type: "button", class: classes, onclick }, rich(label));
  }

  function readNumber(input) {
    const value = input.value.trim() === "" ? NaN : Number(input.value);
    const valid =
      Number.isFinite(value) &&
      value >= Number(input.min) &&
      value <= Number(input.max);
    if (valid) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
    return valid ? value : null;
  }

  /**
   * A number input. `oninput(value)` is called with valid values only; when the
   * reader leaves an invalid one, the last valid value comes back.
   */
  function numberInput({
    name,
    min,
    max,
    step,
    oninput,
    onfocus = null,
    decimals = 4,
  }) {
    let current = 0;
    const text = () => String(Number(current.toFixed(decimals)));
    const restore = () => {
      input.value = text();
      input.removeAttribute("aria-invalid");
    };
    const input = html("input", {
      type: "number",
      class: "exploration-number",
      inputmode: "decimal",
      "aria-label": name,
      min,
      max,
      step,
      onfocus,
      onblur: restore,
      oninput: () => {
        const value = readNumber(input);
        if (value === null) return;
        current = value;
        oninput(value);
      },
    });
    const set = (value) => {
      current = value;
      // What is being typed ("0." on the way to "0.5") must not be replaced.
      if (document.activeElement === input && Number(input.value) === value) return;
      restore();
    };
    return { element: input, set };
  }

  /**
   * A labeled slider with a number box beside it, for the same value.
   *
   * @param {string} label - a formula, or text with formulas between dollar signs
   * @param {string} name - what a screen reader says
   * @param {number} min, max, step - of the slider
   * @param {number} limit - the number box accepts -limit … limit (or `floor` … limit)
   */
  function slider({ label, name, min, max, step, limit, floor = -limit, oninput }) {
    const range = html("input", {
      type: "range",
      class: "exploration-range",
      "aria-label": name,
      min,
      max,
      step,
      oninput: () => oninput(Number(range.value)),
    });
    const number = numberInput({
      name: name + ", as a number",
      min: floor,
      max: limit,
      step,
      oninput,
    });
    const text = html("span", { class: "exploration-slider-label" }, rich(label));
    const element = html(
      "div",
      { class: "exploration-slider" },
      text,
      range,
      number.element,
    );
    const set = (value) => {
      range.value = value;
      range.setAttribute("aria-valuetext", short(value, 4));
      number.set(value);
    };
    const relabel = (newLabel, newName) => {
      text.replaceChildren(...rich(newLabel));
      range.setAttribute("aria-label", newName);
      number.element.setAttribute("aria-label", newName + ", as a number");
    };
    return { element, set, relabel };
  }

  /** One of a few options as a row of radio buttons that look like one bar. */
  function choice({ legend, options, onchange }) {
    const group = uniqueId("choice");
    const inputs = options.map(([value]) =>
      html("input", {
        type: "radio",
        name: group,
        value,
        class: "exploration-radio",
        onchange: () => onchange(value),
      }),
    );
    const labels = options.map(([, text], index) =>
      html(
        "label",
        { class: "exploration-option" },
        inputs[index],
        html("span", null, text),
      ),
    );
    const element = html(
      "fieldset",
      { class: "exploration-choice" },
      html("legend", null, legend),
      html("div", { class: "exploration-options" }, labels),
    );
    const set = (value) => {
      for (const input of inputs) input.checked = input.value === String(value);
    };
    return { element, set };
  }

  /** A labeled drop-down list. */
  function select({ label, options, onchange }) {
    const node = html(
      "select",
      { class: "exploration-select", onchange: () => onchange(node.value) },
      options.map(([value, text]) => html("option", { value }, text)),
    );
    const element = html(
      "label",
      { class: "exploration-field" },
      html("span", null, rich(label)),
      node,
    );
    const set = (value) => {
      node.value = value;
    };
    return { element, set };
  }

  /** A hidden region whose text screen readers speak, after a pause in the changes. */
  function liveRegion() {
    const element = html("div", {
      class: "exploration-live",
      role: "status",
      "aria-live": "polite",
      "aria-atomic": "true",
    });
    let timer = 0;
    const say = (text, pause = 0) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        element.textContent = text;
      }, pause);
    };
    return { element, say };
  }

  /* ---------- Sharing a setting ---------- */

  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // no permission, or a page opened from a file
    }
  }

  /**
   * Ties a state to the URL's hash: `load()`, and later each new hash, puts what a
   * hash for this exploration asks for into it and calls `onload()`. Returns {save,
   * load, bar}: call `save()` after every change by the reader; `bar` holds the "Copy
   * link" button.
   */
  function shareState({ figure, schema, state, live, onload }) {
    const name = figure.dataset.exploration;
    let timer = 0;
    const link = () => formatHash(name, schema, state);
    const write = () => {
      clearTimeout(timer);
      timer = 0;
      try {
        history.replaceState(history.state, "", link());
      } catch {
        // Some browsers forbid it for files or limit its rate: the link still copies.
      }
    };
    const save = () => {
      // At most four times a second: browsers limit how often the URL may change.
      if (timer === 0) timer = setTimeout(write, 250);
    };
    const load = () => {
      const loaded = parseHash(location.hash, name, schema);
      if (loaded === null) return;
      clearTimeout(timer);
      timer = 0;
      Object.assign(state, loaded);
      onload();
      figure.scrollIntoView({ block: "start" });
    };
    const shown = html("input", {
      type: "text",
      class: "exploration-link",
      readonly: true,
      hidden: true,
      "aria-label": "Link to this setting",
    });
    const copy = button("Copy link", async () => {
      write();
      const address = location.href.split("#")[0] + link();
      if (await copyText(address)) {
        copy.textContent = "Link copied";
        live.say("The link to this setting is copied.");
        setTimeout(() => {
          copy.textContent = "Copy link";
        }, 2000);
        return;
      }
      shown.value = address;
      shown.hidden = false;
      shown.select();
      live.say("Copy the link from the text box.");
    });
    const note = html(
      "span",
      { class: "exploration-note" },
      "The link holds these settings.",
    );
    const bar = html("div", { class: "exploration-share" }, copy, shown, note);
    window.addEventListener("hashchange", load);
    return { save, load, bar };
  }

  /**
   * The frame of an exploration: its state, which a link can set, and what is said of
   * it. `draw()` shows the state and `spoken()` puts it into words; before `draw`, at
   * the start and after a link, `reset()` makes anew what depends on the state.
   *
   * Returns {state, live, share, changed, set, body}: call `changed()` after every
   * change by the reader, who hears of it after `pause` ms. `set(key)` is a listener
   * that puts a value into the state, `body(...children)` is what `build` returns.
   */
  function frame({ figure, schema, draw, spoken, pause = 700, reset = () => {} }) {
    const state = initialState(schema);
    const live = liveRegion();
    const onload = () => {
      reset();
      draw();
      live.say(`Setting loaded. ${spoken()}`);
    };
    const share = shareState({ figure, schema, state, live, onload });
    const changed = (wait = pause) => {
      draw();
      share.save();
      live.say(spoken(), wait);
    };
    const set = (key) => (value) => {
      state[key] = schema[key].whole ? Math.round(value) : value;
      changed();
    };
    const body = (...children) => ({
      element: html(
        "div",
        { class: "exploration-body" },
        children,
        share.bar,
        live.element,
      ),
      start: () => {
        reset();
        draw();
        share.load();
      },
    });
    return { state, live, share, changed, set, body };
  }

  /* ---------- Dragging ---------- */

  /** Calls `onmove(event)` while the pointer that is pressed on `node` moves. */
  function drag(node, onmove) {
    const end = () => {
      node.removeEventListener("pointermove", onmove);
      node.removeEventListener("pointerup", end);
      node.removeEventListener("pointercancel", end);
    };
    node.addEventListener("pointermove", onmove);
    node.addEventListener("pointerup", end);
    node.addEventListener("pointercancel", end);
  }

  /**
   * Lets a point of a drawing follow the pointer, wherever it is pressed in the drawing,
   * and the arrow keys (with Shift in small steps). `place(x, y)` turns a place of the
   * SVG `root` into two coordinates, `at()` tells the present ones; `onmove` gets new
   * ones, in hundredths from `low` to `high`.
   */
  function movable({ root, handle, place, at, low, high, onmove }) {
    const move = (point) =>
      onmove(
        point.map((value) => {
          const inside = Math.min(high, Math.max(low, value));
          return Math.round(inside * 100) / 100 + 0;
        }),
      );
    function pointer(event) {
      const p = new DOMPoint(event.clientX, event.clientY);
      const { x, y } = p.matrixTransform(root.getScreenCTM().inverse());
      return place(x, y);
    }
    root.addEventListener("pointerdown", (event) => {
      const point = pointer(event);
      if (event.button !== 0 || point.some((v) => v < low || v > high)) return;
      event.preventDefault();
      root.setPointerCapture(event.pointerId);
      handle.focus({ focusVisible: false, preventScroll: true });
      move(point);
      drag(root, (e) => move(pointer(e)));
    });
    const steps = {
      ArrowRight: [1, 0],
      ArrowLeft: [-1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    };
    handle.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // the theme turns the page with these keys
      const size = event.shiftKey ? 0.02 : 0.1;
      move(at().map((value, i) => value + size * step[i]));
    });
  }

  /* ---------- The page ---------- */

  /** Whether the reader asks for little motion. */
  function reducedMotion() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /**
   * Builds an exploration in each figure[data-exploration=NAME]: `build(figure)`
   * returns {element, start}; the still picture stays where building fails.
   */
  function mount(name, build) {
    const go = () => {
      const figures = `figure[data-exploration="${name}"]:not([data-ready])`;
      for (const figure of document.querySelectorAll(figures)) {
        const { element, start } = build(figure);
        figure.querySelector(".exploration-stage").replaceChildren(element);
        figure.dataset.ready = "";
        start();
      }
    };
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", go);
    } else {
      go();
    }
  }

  globalThis.Exploration = {
    ...pure,
    html,
    svg,
    uniqueId,
    formula,
    rich,
    tableHead,
    svgFormula,
    button,
    numberInput,
    slider,
    choice,
    select,
    liveRegion,
    shareState,
    frame,
    drag,
    movable,
    reducedMotion,
    mount,
  };
})();
