// Draws an expected and a given array side by side: two maps, or two curves; the numbers
// stand in a table below, for who cannot see the picture.

const SVG = "http://www.w3.org/2000/svg";
const SIDE = 150;

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const isMap = (values) => Array.isArray(values[0]);
const short = (value) => Number(value.toPrecision(4)).toString();

/** Return a figure, or null where there is nothing to compare. */
export function draw(part, got, expected) {
  if (!Array.isArray(got) || !Array.isArray(expected)) return null;
  const all = [...got.flat(), ...expected.flat()];
  if (!all.length || !all.every(Number.isFinite)) return null;
  const low = Math.min(...all);
  const high = Math.max(...all);
  const figure = document.createElement("figure");
  figure.className = "live-difference";
  figure.append(isMap(got) ? maps(got, expected, low, high) : curves(got, expected, low, high));
  figure.append(table(part, got, expected));
  return figure;
}

function maps(got, expected, low, high) {
  const rows = got.length;
  const columns = Math.max(...got.map((row) => row.length), 1);
  const size = SIDE / Math.max(rows, columns);
  const panel = (values, title, left, wrong) =>
    svg("g", { transform: `translate(${left} 22)` },
      svg("text", { x: 0, y: -7 }, title),
      ...values.flatMap((row, i) => row.map((value, j) => {
        const share = high > low ? (value - low) / (high - low) : 0.5;
        const isWrong = wrong && Math.abs(value - expected[i][j]) > 1e-6 * (1 + Math.abs(expected[i][j]));
        return svg("rect", { x: j * size, y: i * size, width: size, height: size, class: isWrong ? "is-wrong" : "", fill: `hsl(205 70% ${95 - 70 * share}%)` });
      })));
  return svg("svg", { viewBox: `0 0 ${2 * SIDE + 40} ${rows * size + 30}`, "aria-hidden": "true" },
    panel(expected, "expected", 0, false), panel(got, "yours", SIDE + 30, true));
}

function curves(got, expected, low, high) {
  const width = 2 * SIDE + 40;
  const height = 110;
  const point = (value, i, n) => `${(i / Math.max(1, n - 1)) * (width - 20) + 10},${height - 8 - ((value - low) / (high - low || 1)) * (height - 34)}`;
  const line = (values, kind) => svg("polyline", { class: kind, points: values.map((v, i) => point(v, i, values.length)).join(" ") });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg("text", { x: 0, y: 12, class: "is-expected" }, "— expected"), svg("text", { x: 90, y: 12, class: "is-given" }, "- - yours"),
    line(expected, "is-expected"), line(got, "is-given"));
}

function table(part, got, expected) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = part && part !== "result" ? `The numbers of ${part}` : "The numbers";
  const inner = document.createElement("table");
  const row = (cells, kind) => {
    const line = document.createElement("tr");
    for (const text of cells) {
      const cell = document.createElement(kind);
      cell.textContent = text;
      line.append(cell);
    }
    inner.append(line);
  };
  row(["place", "expected", "yours"], "th");
  const flat = (values, where = []) => values.flatMap((v, i) => (Array.isArray(v) ? flat(v, [...where, i]) : [[[...where, i], v]]));
  const given = flat(got);
  flat(expected).forEach(([where, value], i) => row([`[${where.join(", ")}]`, short(value), given[i] ? short(given[i][1]) : ""], "td"));
  details.append(summary, inner);
  return details;
}
