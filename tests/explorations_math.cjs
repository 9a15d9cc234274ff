/*
 * Answers requests about the mathematics of the explorations: reads a JSON list of
 * {do: …} from standard input, writes the list of answers to standard output.
 */
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const folder = path.join(__dirname, "..", "book", "explorations");
const common = require(path.join(folder, "common.js"));
const perceptron = require(path.join(folder, "perceptron.js"));
const network = require(path.join(folder, "backpropagation.js"));
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
  initialState: ({ name }) => common.initialState(schemaOf(name)),
  parseHash: ({ name, hash }) => common.parseHash(hash, name, schemaOf(name)),
  formatHash: ({ name, state }) => common.formatHash(name, schemaOf(name), state),
  text: ({ how, number }) => common[how](number),
  // any pure function of any exploration; JSON writes NaN and Infinity as null
  call: ({ name, function: f, arguments: args }) => pureModule(name)[f](...args),
};

const requests = JSON.parse(fs.readFileSync(0, "utf-8"));
const results = requests.map((request) => answers[request.do](request));
process.stdout.write(JSON.stringify(results));
