/*
 * Answers requests about the mathematics of the explorations: reads a JSON list of
 * {do: …} a line from standard input, writes the list of answers to standard output.
 */
"use strict";

const path = require("node:path");

const folder = path.join(__dirname, "..", "..", "..", "book", "explorations");
const common = require(path.join(folder, "common.js"));
const perceptron = require(path.join(folder, "perceptron.js"));
const network = require(path.join(folder, "backpropagation.js"));
const descent = require(path.join(folder, "gradient_descent.js"));
const shapes = require(path.join(folder, "preliminaries.js"));
const pureModule = (name) => require(path.join(folder, name + ".js"));
const schemaOf = (name) => pureModule(name).SCHEMA;

const answers = {
  learn({ weights, gate, eta, epochs }) {
    let run = perceptron.startRun(weights);
    for (let i = 0; i < epochs; i += 1) run = perceptron.runEpoch(run, gate, eta);
    return run;
  },
  predict: ({ weights, x }) => perceptron.predict(weights, x),
  countRight: ({ weights, gate }) => perceptron.countRight(weights, gate),
  halfPlane: ({ weights, low, high }) => perceptron.halfPlane(weights, low, high),
  boundary: ({ weights, low, high }) => perceptron.boundary(weights, low, high),
  network({ flat, problem }) {
    const parameters = network.pack(flat);
    const pass = network.forward(parameters, problem);
    const { delta1, delta2 } = network.backward(parameters, problem, pass);
    return { ...pass, delta1, delta2, gradients: network.gradients(flat, problem) };
  },
  descend: ({ flat, problem, eta }) => network.descend(flat, problem, eta),
  finiteDifference: ({ flat, problem, key }) =>
    network.finiteDifference(flat, problem, key),
  peaks: ({ at }) => ({ height: descent.peaks(at), gradient: descent.gradient(at) }),
  critical: () => descent.CRITICAL,
  roll: ({ start, settings, steps }) => descent.run(start, settings, steps),
  whereabouts: ({ start, settings, steps }) =>
    descent.outcome(descent.run(start, settings, steps)),
  contour: ({ level, n }) => descent.contour(level, descent.heights(n)),
  parseShape: ({ text }) => shapes.parseShape(text),
  formatShape: ({ shape }) => shapes.formatShape(shape),
  alignShapes: ({ a, b }) => shapes.align(a, b),
  broadcastShapes: ({ a, b }) => shapes.broadcast(a, b),
  addArrays: ({ a, b }) => {
    const count = shapes.countOf(shapes.broadcast(a, b));
    return Array.from({ length: count }, (_, i) => shapes.entry(i, a, b));
  },
  drawableShape: ({ shape }) => shapes.drawable(shape),
  exampleShapes: () => shapes.EXAMPLES,
  schema: ({ name }) => schemaOf(name),
  initialState: ({ name }) => common.initialState(schemaOf(name)),
  parseHash: ({ name, hash }) => common.parseHash(hash, name, schemaOf(name)),
  formatHash: ({ name, state }) => common.formatHash(name, schemaOf(name), state),
  text: ({ how, number }) => common[how](number),
  // any pure function of any exploration; JSON writes NaN and Infinity as null
  call: ({ name, function: f, arguments: args }) => pureModule(name)[f](...args),
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const results = JSON.parse(line).map((request) => answers[request.do](request));
    process.stdout.write(JSON.stringify(results) + "\n");
  });
