/*
 * Exploration "attention": three heads look back over a short text of letters. Their
 * queries and keys are set by hand, so that one can say what each looks for: the same
 * letter, the position before, and what followed the same letter.
 *
 * First the mathematics (pure, runs in Node), then the user interface.
 */
(function () {
  "use strict";

  /* ====================== Mathematics ====================== */

  const D = 16; // numbers in a query and in a key
  const MOST = 9; // letters that a reader may type
  const START = "›"; // stands before the text
  const LETTERS = "abcdefghijklmnopqrstuvwxyz_" + START; // "_" is the space
  const HEADS = ["same", "before", "after"];
  const GAIN = 6; // how much louder "before" asks and offers

  /** What is typed as the state's text, ".on_and_on"; null where it is none. */
  function readText(typed) {
    const letters = typed.toLowerCase().replaceAll(" ", "_");
    return /^[a-z_]{1,9}$/.test(letters) ? "." + letters : null;
  }

  /** Whether something is such a text. The dot tells it from other words of a link. */
  function isText(text) {
    return /^\.[a-z_]{1,9}$/.test(text);
  }

  /** The positions of a text: the start sign, then its letters. */
  function positionsOf(text) {
    return [START, ...text.slice(1)];
  }

  /**
   * The code of a letter: 16 signs, of which those of different letters agree in 8, or
   * (for 16 pairs of letters) in none. So the product is 16, 0 or −16.
   */
  function letterCode(letter) {
    const number = LETTERS.indexOf(letter);
    return Array.from({ length: D }, (_, x) => {
      let odd = (number >> 4) & 1;
      for (let bit = 0; bit < 4; bit += 1) odd ^= (number >> bit) & (x >> bit) & 1;
      return odd ? -1 : 1;
    });
  }

  /** Sines and cosines of position t, as on the page; t may be any number. */
  function positionCode(t) {
    return Array.from({ length: D }, (_, j) => {
      const angle = t * 10000 ** (-(j - (j % 2)) / D);
      return j % 2 ? Math.cos(angle) : Math.sin(angle);
    });
  }

  /** The softmax of a row; −∞ gets exactly 0. */
  function softmax(row) {
    const most = Math.max(...row);
    const grown = row.map((score) => Math.exp(score - most));
    const sum = grown.reduce((p, q) => p + q, 0);
    return grown.map((value) => value / sum);
  }

  const dot = (p, q) => p.reduce((sum, v, i) => sum + v * q[i], 0);

  /** A V: of each row of weights, the mean of the rows of V. */
  function mean(weights, V) {
    return weights.map((row) => V[0].map((_, j) => dot(row, V.map((v) => v[j]))));
  }

  /**
   * One head: scores QKᵀ/√d, then the mask (−∞ above the diagonal where `causal`), then
   * the softmax of each row over the temperature.
   */
  function look(Q, K, causal, tau) {
    const scores = Q.map((q) => K.map((k) => dot(q, k) / Math.sqrt(q.length)));
    const masked = scores.map((row, t) =>
      row.map((score, s) => (causal && s > t ? -Infinity : score)),
    );
    const weights = masked.map((row) => softmax(row.map((score) => score / tau)));
    return { Q, K, scores, masked, weights };
  }

  /** The two fastest of the eight waves of a position code, louder; the others are cut. */
  function tuned(code) {
    return code.map((value, j) => (j < 4 ? GAIN * value : 0));
  }

  /**
   * All three heads for a text. Where `positions` is false, nobody is told where it
   * stands: every position has the code 0. The keys of "after" are the letters that
   * "before" hands on, so it is the head of a second layer.
   */
  function attend(text, causal, positions, tau) {
    const letters = positionsOf(text).map(letterCode);
    const place = (t) => tuned(positionCode(t).map((value) => (positions ? value : 0)));
    const at = letters.map((_, t) => t);
    const same = look(letters, letters, causal, tau);
    const before = look(
      at.map((t) => place(t - 1)), // asks for where it stands, less one
      at.map((t) => place(t)),
      causal,
      tau,
    );
    const after = look(letters, mean(before.weights, letters), causal, tau);
    return { same, before, after };
  }

  /** What a query hands on: the shares of the letters, the largest first. */
  function handsOn(text, row) {
    const shares = {};
    positionsOf(text).forEach((letter, s) => {
      shares[letter] = (shares[letter] ?? 0) + row[s];
    });
    return Object.entries(shares).sort(([, p], [, q]) => q - p);
  }

  /** The text turned around. */
  function reversed(text) {
    return "." + [...text.slice(1)].reverse().join("");
  }

  /* The state that the URL's hash holds. */
  const SCHEMA = {
    text: {
      kind: "choice",
      options: { includes: isText },
      initial: ".abcdeabc",
      always: true,
    },
    head: { kind: "choice", options: HEADS, initial: "same" },
    mask: { kind: "choice", options: ["causal", "none"], initial: "causal" },
    positions: { kind: "choice", options: ["on", "off"], initial: "on" },
    tau: { kind: "number", min: 0.1, max: 10, initial: 1 },
    at: { kind: "number", whole: true, min: 0, max: MOST, initial: 8 },
  };

  const mathematics = {
    D,
    HEADS,
    LETTERS,
    SCHEMA,
    attend,
    handsOn,
    isText,
    letterCode,
    look,
    positionCode,
    positionsOf,
    readText,
    reversed,
    softmax,
    tuned,
  };

  if (typeof module !== "undefined") module.exports = mathematics;
  if (typeof document === "undefined") return;

  /* ====================== User interface ====================== */

  const { html, svg, rich, fixed, tableHead } = globalThis.Exploration;

  const NAMES = {
    same: "the same letter",
    before: "the one before",
    after: "what followed",
  };
  const ASKS = {
    same: ["my letter", "its letter"],
    before: ["my position, less one", "its position"],
    after: ["my letter", "the letter that “the one before” handed on"],
  };
  const MARGIN = 26;
  const SMALL = "font-size: 11px";
  const MOST_INK = 0.45; // a text on it must stay readable

  const shown = (letter) => (letter === "_" ? "␣" : letter);
  const spoken = (letter) => ({ _: "the space", [START]: "the start" })[letter] ?? letter;
  const score = (value) => (value === -Infinity ? "−∞" : fixed(value, 1));

  const text = (x, y, content, style = "", anchor = "middle") =>
    svg(
      "text",
      { x, y, "text-anchor": anchor, style: `fill: var(--x-text); ${style}` },
      content,
    );

  /**
   * A matrix as a picture: a row for each of `rows` (letters), a column for each of
   * `columns` (letters, or null for none), and in each cell its number where `write`
   * says how. Blue is positive, orange negative, the largest is the darkest.
   */
  function picture({ label, values, rows, columns, cell, height, write, most, at, pick }) {
    const top = columns ? MARGIN : 6;
    const width = MARGIN + values[0].length * cell + 4;
    const total = top + rows.length * height + 4;
    const finite = values.flat().filter(Number.isFinite).map(Math.abs);
    const largest = most ?? Math.max(1e-12, ...finite);
    const cells = values.flatMap((row, t) =>
      row.map((value, s) => {
        const [x, y] = [MARGIN + s * cell, top + t * height];
        const hidden = value === -Infinity;
        const ink = hidden ? 0 : (MOST_INK * Math.abs(value)) / largest;
        const color = value < 0 ? "var(--x-orange)" : "var(--x-blue)";
        const box = { x, y, width: cell - 1, height: height - 1 };
        return [
          svg("rect", { ...box, style: "fill: var(--x-soft)" }),
          svg("rect", { ...box, style: `fill: ${color}; fill-opacity: ${ink.toFixed(3)}` }),
          write
            ? text(
                x + cell / 2,
                y + height / 2 + 4,
                write(value),
                SMALL + (hidden ? "; fill: var(--x-muted)" : ""),
              )
            : null,
        ];
      }),
    );
    const lines = rows.map((letter, t) =>
      svg("rect", {
        x: 0,
        y: top + t * height,
        width,
        height,
        style: "fill: transparent; cursor: pointer",
        onclick: () => pick(t),
      }),
    );
    return svg(
      "svg",
      {
        viewBox: `0 0 ${width} ${total}`,
        role: "img",
        "aria-label": label,
        style: `display: block; width: 100%; max-width: ${1.25 * width}px`,
      },
      rows.map((letter, t) =>
        text(14, top + (t + 0.5) * height + 4, shown(letter), "font-size: 13px"),
      ),
      (columns ?? []).map((letter, s) =>
        text(MARGIN + (s + 0.5) * cell, 19, shown(letter), "font-size: 13px"),
      ),
      cells.flat().filter((part) => part !== null),
      svg("rect", {
        x: 1,
        y: top + at * height - 1,
        width: width - 3,
        height: height + 1,
        rx: 3,
        style: "fill: none; stroke: var(--x-text); stroke-width: 1.5",
      }),
      lines,
    );
  }

  function build(figure) {
    const { Exploration } = globalThis;
    const { state, changed, set, body } = Exploration.frame({
      figure,
      schema: SCHEMA,
      draw,
      spoken: sentence,
    });

    function change(changes) {
      Object.assign(state, changes);
      changed();
    }

    /* Controls */
    const problem = html("p", { class: "exploration-remark", role: "alert" });
    const typed = html("input", {
      type: "text",
      class: "exploration-number exploration-shape-input",
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
      oninput: () => {
        const read = readText(typed.value);
        if (read === null) {
          typed.setAttribute("aria-invalid", "true");
          problem.textContent = `One to ${MOST} letters from a to z, and spaces.`;
          return;
        }
        change({ text: read, at: MOST });
      },
      onblur: () => draw(),
    });
    const field = html(
      "label",
      { class: "exploration-field" },
      html("span", null, "Text"),
      typed,
    );
    const turn = Exploration.button("Turn it around", () =>
      change({ text: reversed(state.text) }),
    );
    const head = Exploration.choice({
      legend: "Head",
      options: HEADS.map((key) => [key, NAMES[key]]),
      onchange: set("head"),
    });
    const mask = Exploration.choice({
      legend: "Mask",
      options: [
        ["causal", "causal"],
        ["none", "none"],
      ],
      onchange: set("mask"),
    });
    const positions = Exploration.choice({
      legend: "Positions",
      options: [
        ["on", "on"],
        ["off", "off"],
      ],
      onchange: set("positions"),
    });
    const tau = Exploration.slider({
      label: "Temperature $τ$",
      name: "Temperature of the softmax",
      min: 0.1,
      max: 5,
      step: 0.1,
      floor: 0.1,
      limit: 10,
      oninput: set("tau"),
    });
    const at = html("input", {
      type: "range",
      class: "exploration-range",
      "aria-label": "Position that asks",
      min: 0,
      step: 1,
      oninput: () => change({ at: Number(at.value) }),
    });

    /* What the controls change */
    const box = (title) => {
      const heading = html("p", { class: "exploration-remark" });
      const frame = html("div");
      const element = html("div", { style: "min-width: 0" }, heading, frame);
      const set = (drawing, more = "") => {
        heading.replaceChildren(...rich(title + more));
        frame.replaceChildren(drawing);
      };
      return { element, set };
    };
    const queries = box("Queries $Q$: ");
    const keys = box("Keys $K$: ");
    const scores = box("Scores $QK$ᵀ/√$d$");
    const weights = box("Weights: softmax of each row");
    const heads = HEADS.map((key) => box(`${NAMES[key][0].toUpperCase()}${NAMES[key].slice(1)}`));
    const line = html("div", { style: "min-width: 0" });
    const given = html("div");
    const verdict = html("p", { class: "exploration-score", style: "margin-top: 0.5rem" });

    const result = () =>
      attend(state.text, state.mask === "causal", state.positions === "on", state.tau);

    /** The positions that get the most weight, in words. */
    function sentence() {
      const letters = positionsOf(state.text);
      const row = result()[state.head].weights[state.at];
      const order = row.map((weight, s) => [weight, s]).sort(([p], [q]) => q - p);
      const most = order[0][0];
      const ties = order.filter(([weight]) => most - weight < 1e-9).map(([, s]) => s);
      const [letter, share1] = handsOn(state.text, row)[0];
      const seen = row.filter((weight) => weight > 0).length;
      const where = (s) => `${s} (${spoken(letters[s])})`;
      return (
        `Position ${where(state.at)} ` +
        (ties.length === seen && seen > 1
          ? `looks at all ${seen} positions alike, ${fixed(most)} each. `
          : ties.length > 1
            ? `looks most, and alike, at ${ties.sort((p, q) => p - q).map(where).join(", ")}: ` +
              `${fixed(most)} each. `
            : `looks most at ${where(ties[0])}: ${fixed(most)}. `) +
        `Of what it hands on, ${fixed(share1)} is ${spoken(letter)}.`
      );
    }

    /** The chosen row, number by number: a line for each key. */
    function rowTable(chosen, letters) {
      const t = state.at;
      const row = letters.map((letter, s) => [
        fixed(chosen.scores[t][s] * Math.sqrt(D), 1),
        score(chosen.scores[t][s]),
        score(chosen.masked[t][s]),
        score(chosen.masked[t][s] / state.tau),
        fixed(chosen.weights[t][s], 2),
      ]);
      const most = Math.max(...chosen.weights[t]);
      const names = ["key of", "$q·k$", "$÷$ √16", "$+$ mask", "$÷ τ$", "weight"];
      return html(
        "table",
        { class: "exploration-table" },
        html(
          "caption",
          null,
          `What position ${t} (${shown(letters[t])}) asks each key. ` +
            "Marked: the largest weight.",
        ),
        tableHead(names),
        html(
          "tbody",
          null,
          row.map((values, s) =>
            html(
              "tr",
              chosen.weights[t][s] === most ? { class: "exploration-row-current" } : null,
              html("th", { scope: "row" }, `${s} ${shown(letters[s])}`),
              values.map((value) => html("td", null, value)),
            ),
          ),
        ),
      );
    }

    /** What the chosen position hands on: letters with a share worth a line. */
    function sharesTable(chosen) {
      const shares = handsOn(state.text, chosen.weights[state.at]);
      return html(
        "p",
        { class: "exploration-remark" },
        "It hands on: ",
        shares
          .filter(([, share1]) => share1 >= 0.005)
          .map(([letter, share1]) => `${shown(letter)}\u00a0${fixed(share1)}`)
          .join(" · "),
      );
    }

    function draw() {
      const letters = positionsOf(state.text);
      state.at = Math.min(state.at, letters.length - 1);
      const all = result();
      const chosen = all[state.head];
      if (document.activeElement !== typed || readText(typed.value) !== state.text) {
        typed.value = state.text.slice(1).replaceAll("_", " ");
      }
      typed.removeAttribute("aria-invalid");
      problem.textContent = "";
      head.set(state.head);
      mask.set(state.mask);
      positions.set(state.positions);
      tau.set(state.tau);
      at.max = letters.length - 1;
      at.value = state.at;
      at.setAttribute("aria-valuetext", `position ${state.at}, ${spoken(letters[state.at])}`);
      const shared = { rows: letters, at: state.at, pick: (t) => change({ at: t }) };
      const vectors = { ...shared, columns: null, cell: 18, height: 18 };
      const [asks, offers] = ASKS[state.head];
      const of = `of each position, ${D} numbers`;
      queries.set(
        picture({ ...vectors, values: chosen.Q, label: `Query ${of}: ${asks}` }),
        asks,
      );
      keys.set(
        picture({ ...vectors, values: chosen.K, label: `Key ${of}: ${offers}` }),
        offers,
      );
      const square = { ...shared, columns: letters, cell: 33, height: 24 };
      scores.set(
        picture({
          ...square,
          values: chosen.masked,
          write: score,
          label: "Scores of all queries, in rows, with all keys; the table has one row",
        }),
        state.mask === "causal" ? ", then the mask" : "",
      );
      const share2 = (value) => (value < 0.005 ? "0" : fixed(value, 2));
      weights.set(
        picture({
          ...square,
          values: chosen.weights,
          most: 1,
          write: share2,
          label: `Weights of the head “${NAMES[state.head]}”. ${sentence()}`,
        }),
      );
      HEADS.forEach((key, index) => {
        const small = { ...shared, columns: letters, cell: 18, height: 18, most: 1 };
        heads[index].set(
          picture({
            ...small,
            values: all[key].weights,
            label: `Weights of the head “${NAMES[key]}”`,
            pick: (t) => change({ head: key, at: t }),
          }),
          key === state.head ? " (chosen)" : "",
        );
      });
      line.replaceChildren(rowTable(chosen, letters));
      given.replaceChildren(sharesTable(chosen));
      verdict.textContent = sentence();
    }

    const columns = (least) =>
      "display: grid; gap: 0.9rem 1.4rem; " +
      `grid-template-columns: repeat(auto-fit, minmax(min(${least}, 100%), 1fr))`;
    return body(
      html(
        "div",
        { class: "exploration-bar" },
        field,
        turn,
        head.element,
        mask.element,
        positions.element,
        html("div", { style: "flex: 1 1 14rem; min-width: 0" }, tau.element),
        problem,
      ),
      html(
        "div",
        { class: "exploration-section", style: columns("17rem") },
        queries.element,
        keys.element,
        scores.element,
        weights.element,
      ),
      html(
        "section",
        {
          class: "exploration-section",
          style: columns("17rem"),
          "aria-label": "The row of one position",
        },
        line,
        html(
          "div",
          { style: "min-width: 0" },
          html("p", { class: "exploration-remark" }, "The position that asks:"),
          at,
          verdict,
          given,
        ),
      ),
      html(
        "div",
        { class: "exploration-section" },
        html("p", { class: "exploration-remark" }, "The weights of all three heads:"),
        html(
          "div",
          { style: columns("9rem") },
          heads.map((part) => part.element),
        ),
      ),
    );
  }

  globalThis.Exploration.mount("attention", build);
})();
