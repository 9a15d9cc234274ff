/*
 * The playground's network as a PyTorch program: the same weights, inputs, examples,
 * cost and steps, to run in a notebook. Pure: from a run of engine.js to a text.
 */
(function () {
  "use strict";

  const FEATURES = {
    x1: "x1",
    x2: "x2",
    x1x1: "x1 * x1",
    x2x2: "x2 * x2",
    x1x2: "x1 * x2",
    sinx1: "torch.sin(x1)",
    sinx2: "torch.sin(x2)",
  };
  const MODULES = { tanh: "nn.Tanh()", sigmoid: "nn.Sigmoid()", relu: "nn.ReLU()" };
  const ENDS = { cross_entropy: "nn.Sigmoid()", squared: "nn.Tanh()" };
  const COSTS = {
    cross_entropy: "nn.functional.binary_cross_entropy(a, y)",
    squared: "0.5 * ((a - y) ** 2).mean()",
  };
  const PENALTIES = {
    l1: (lambda) => `${lambda} * sum(W.abs().sum() for W in matrices)`,
    l2: (lambda) => `0.5 * ${lambda} * sum((W**2).sum() for W in matrices)`,
  };

  const number = (value) => String(Number(value.toPrecision(9)));
  const list = (values) => `[${Array.from(values, number).join(", ")}]`;

  /** The rows of W^l, which lie one after the other. */
  function rows({ sizes, W }, l) {
    const before = sizes[l - 1];
    return Array.from({ length: sizes[l] }, (_, j) =>
      W[l].slice(j * before, (j + 1) * before),
    );
  }

  /** The layers of the network, an entry a line. */
  function modules({ sizes, activation, output }) {
    const lines = [];
    for (let l = 1; l < sizes.length; l += 1) {
      lines.push(`nn.Linear(${sizes[l - 1]}, ${sizes[l]})`);
      if (l === sizes.length - 1) lines.push(ENDS[output]);
      else if (MODULES[activation]) lines.push(MODULES[activation]);
    }
    return lines;
  }

  /**
   * The program.
   *
   * @param {object} run - of `engine.startRun`, at any time of its training
   * @param {object} options - {batchSize, eta, regularization, lambda}
   */
  function torchCode(run, options) {
    const { network, features, data, train } = run;
    const layers = Array.from({ length: network.sizes.length - 1 }, (_, i) => i + 1);
    const matrices = layers.map((l) => `    [${rows(network, l).map(list).join(",\n     ")}],`);
    const biases = layers.map((l) => `    ${list(network.b[l])},`);
    const penalty = PENALTIES[options.regularization]?.(options.lambda);
    const all = options.batchSize >= train.m;
    return [
      "import torch",
      "from torch import nn",
      "",
      "torch.set_default_dtype(torch.float64)",
      "torch.manual_seed(0)",
      "",
      "",
      "def inputs(x1, x2):",
      `    return torch.stack([${features.map((name) => FEATURES[name]).join(", ")}], dim=1)`,
      "",
      "",
      "network = nn.Sequential(",
      ...modules(network).map((line) => `    ${line},`),
      ")",
      `weights = [  # after ${run.steps} steps in the playground`,
      ...matrices,
      "]",
      "biases = [",
      ...biases,
      "]",
      "linear = [layer for layer in network if isinstance(layer, nn.Linear)]",
      "matrices = [layer.weight for layer in linear]",
      "with torch.no_grad():",
      "    for layer, W, b in zip(linear, weights, biases):",
      "        layer.weight.copy_(torch.tensor(W))",
      "        layer.bias.copy_(torch.tensor(b))",
      "",
      "# the training examples on the screen",
      `x1 = torch.tensor(${list(data.train.x1)})`,
      `x2 = torch.tensor(${list(data.train.x2)})`,
      `y = torch.tensor(${list(train.y)}, dtype=torch.float64)`,
      "x = inputs(x1, x2)",
      "",
      "",
      "def cost(a, y):",
      `    return ${COSTS[network.output]}`,
      "",
      "",
      `optimizer = torch.optim.SGD(network.parameters(), lr=${options.eta})`,
      "print(0, cost(network(x)[:, 0], y).item())",
      "for epoch in range(1, 11):",
      `    for rows in torch.randperm(len(x)).split(${all ? "len(x)" : options.batchSize}):`,
      "        loss = cost(network(x[rows])[:, 0], y[rows])",
      ...(penalty ? [`        loss = loss + ${penalty}`] : []),
      "        optimizer.zero_grad()",
      "        loss.backward()",
      "        optimizer.step()",
      "    print(epoch, cost(network(x)[:, 0], y).item())",
      "",
    ].join("\n");
  }

  const exported = { torchCode };
  if (typeof module !== "undefined") module.exports = exported;
  else globalThis.ExplorationTorch = exported;
})();
