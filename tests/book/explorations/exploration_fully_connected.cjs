/*
 * Answers requests about the engine of the playground: reads a JSON list of {do: …}
 * from standard input, writes the list of answers to standard output.
 */
"use strict";

const path = require("node:path");

const folder = path.join(__dirname, "..", "..", "..", "book", "explorations");
const engine = require(path.join(folder, "engine.js"));
const playground = require(path.join(folder, "fully_connected.js"));
const pictures = require(path.join(folder, "pictures.js"));

const plain = (arrays) => arrays.slice(1).map((array) => Array.from(array));
const parameters = ({ W, b }) => ({ W: plain(W), b: plain(b) });

/** A network with the given parameters, and a cache that holds the given batch. */
function prepare({ sizes, activation, output, W, b, A0 }) {
  const network = engine.createNetwork(sizes, activation, output);
  W.forEach((values, i) => network.W[i + 1].set(values));
  b.forEach((values, i) => network.b[i + 1].set(values));
  const m = A0.length / sizes[0];
  const cache = engine.createTrainingCache(sizes, m);
  cache.A[0].set(A0);
  return { network, cache, m };
}

function cost(request) {
  const { network, cache, m } = prepare(request);
  engine.forward(network, cache, m);
  return engine.meanLoss(network, cache, request.y, m);
}

const { torchCode } = require(path.join(folder, "torch_code.js"));

const answers = {
  /** A run of some epochs: the program at its start and end, and what it does between. */
  torch({ state, epochs }) {
    const options = playground.optionsOf(state);
    const run = engine.startRun(playground.settingOf(state));
    const before = torchCode(run, options);
    const losses = [engine.evaluate(run, "train").loss];
    for (let i = 0; i < epochs; i += 1) {
      engine.runEpoch(run, options);
      losses.push(engine.evaluate(run, "train").loss);
    }
    const points = engine.gridPoints(9);
    const grid = engine.createGrid(run.network.sizes, run.features, 9);
    grid.refresh(run.network);
    const outputs = Array.from(grid.A.at(-1).slice(0, 81));
    const at = [points.x1, points.x2].map((values) => Array.from(values));
    return { before, after: torchCode(run, options), losses, points: at, outputs };
  },
  xoshiro({ words, count }) {
    const next = engine.xoshiro(words);
    return Array.from({ length: count }, next);
  },
  normal({ seed, count }) {
    const random = engine.randomNumbers(seed);
    return Array.from({ length: count }, random.normal);
  },
  data(request) {
    const { train, test } = engine.makeData(request);
    const rows = ({ x1, x2, label }) =>
      Array.from(label, (value, i) => [x1[i], x2[i], value]);
    return { train: rows(train), test: rows(test) };
  },
  input: ({ points, features }) => Array.from(engine.inputOf(points, features)),
  grid({ size }) {
    const { x1, x2 } = engine.gridPoints(size);
    return { x1: Array.from(x1), x2: Array.from(x2) };
  },
  initialize({ sizes, activation, seed }) {
    const network = engine.createNetwork(sizes, activation, "squared");
    engine.initialize(network, engine.randomNumbers(seed));
    return parameters(network);
  },
  pass(request) {
    const { network, cache, m } = prepare(request);
    const gradient = engine.createNetwork(request.sizes, "tanh", "squared");
    engine.forward(network, cache, m);
    engine.backward(network, cache, request.y, m, gradient);
    return {
      Z: plain(cache.Z),
      A: plain(cache.A),
      delta: plain(cache.delta),
      gradient: parameters(gradient),
      cost: engine.meanLoss(network, cache, request.y, m),
      accuracy: engine.accuracy(network, cache, request.y, m),
      penalty: engine.penalty(network, request.regularization ?? "none"),
    };
  },
  differences(request) {
    const h = 1e-5;
    const shifted = (kind, l, i, by) => {
      const moved = structuredClone(request[kind]);
      moved[l][i] += by;
      return cost({ ...request, [kind]: moved });
    };
    const all = (kind) =>
      request[kind].map((values, l) =>
        values.map((_, i) => (shifted(kind, l, i, h) - shifted(kind, l, i, -h)) / 2 / h),
      );
    return { W: all("W"), b: all("b") };
  },
  steps({ setting, options, count }) {
    const run = engine.startRun(setting);
    const start = parameters(run.network);
    const batches = [];
    for (let i = 0; i < count; i += 1) {
      const from = run.at;
      engine.step(run, options);
      const to = run.at === 0 ? run.train.m : run.at;
      batches.push(Array.from(run.order.slice(from, to)));
    }
    return {
      start,
      end: parameters(run.network),
      batches,
      A0: Array.from(run.train.A0),
      y: Array.from(run.train.y),
      epoch: run.epoch,
      steps: run.steps,
    };
  },
  train({ setting, options, epochs }) {
    const run = engine.startRun(setting);
    const first = engine.evaluate(run, "test");
    for (let i = 0; i < epochs; i += 1) engine.runEpoch(run, options);
    return {
      first,
      train: engine.evaluate(run, "train"),
      test: engine.evaluate(run, "test"),
      weights: plain(run.network.W).flat(),
    };
  },
  circleBoundary({ size, radius }) {
    const { x1, x2 } = engine.gridPoints(size);
    const field = x1.map((x, i) => radius ** 2 - x ** 2 - x2[i] ** 2);
    const points = [];
    const add = (...point) => points.push(point);
    const cell = (2 * engine.EXTENT) / size;
    pictures.traceZero({ moveTo: add, lineTo: add }, field, 0, size, (col, row) => [
      -engine.EXTENT + (col + 0.5) * cell,
      engine.EXTENT - (row + 0.5) * cell,
    ]);
    return points;
  },
  roundUp: ({ most }) => pictures.roundUp(most),
  shade({ activation, values }) {
    const { gain, shift } = pictures.scaleOf(activation, values, 0, values.length);
    return gain * values[0] + shift;
  },
  middles({ width, hidden }) {
    const features = ["x1", "x2"];
    const place = pictures.placeNetwork(width, hidden);
    const nodes = pictures.nodesOf(place, features);
    const l = hidden.length + 1;
    const half = place.node / 2;
    return nodes[l - 1].map((from, k) => {
      const [p, q] = [
        { x: from.x + half, y: from.y },
        { x: nodes[l][0].x - half, y: nodes[l][0].y },
      ];
      const weight = { l, j: 0, k };
      const point = pictures.onCurve(p, q, 0.4);
      const sizes = [features.length, ...hidden, 1];
      return { weight, found: pictures.weightNear(point, place, features, sizes) };
    });
  },
  frame({ setting, options, size }) {
    const run = engine.startRun(setting);
    const grid = engine.createGrid(run.network.sizes, run.features, size);
    let least = Infinity;
    for (let i = 0; i < 60; i += 1) {
      const start = performance.now();
      engine.runEpoch(run, options);
      engine.evaluate(run, "train");
      engine.evaluate(run, "test");
      grid.refresh(run.network);
      least = Math.min(least, performance.now() - start);
    }
    return least;
  },
  history({ epochs, most }) {
    const history = [];
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      playground.addToHistory(history, { epoch, train: 0, test: 0 }, most);
    }
    return history.map(({ epoch }) => epoch);
  },
  setting: ({ state }) => playground.settingOf(state),
  /** The first coordinates of the reader's points, in training and in test. */
  parts({ state }) {
    const { train, test } = playground.settingOf(state).data.parts;
    return { train: Array.from(train.x1), test: Array.from(test.x1) };
  },
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const results = JSON.parse(line).map((request) => answers[request.do](request));
    process.stdout.write(JSON.stringify(results) + "\n");
  });
