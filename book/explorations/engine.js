/*
 * A small engine for fully connected networks with one output neuron: data sets in
 * the plane, input features, forward and backward pass, minibatch gradient descent.
 *
 * Pure: no page, no clock, no randomness but from a seed. Runs in Node, too.
 *
 * The notation is the book's: layer l has W^l of shape (n_l, n_{l−1}), stored row by
 * row, and b^l of shape (n_l,). Values of a batch of m examples are stored neuron by
 * neuron: `A[l][j * m + i]` is the activation of neuron j for example i. That is the
 * transpose of the book's A; it keeps the inner loops long, and the picture of a
 * neuron in one piece. A[0] holds the features. W[l], b[l], Z[l] and delta[l] exist
 * for l = 1 … L.
 */
(function () {
  "use strict";

  /* ====================== Random numbers ====================== */

  const rotate = (x, k) => (x << k) | (x >>> (32 - k));

  /**
   * The generator xoshiro128** (Blackman and Vigna, 2021, doi 10.1145/3460772) from
   * its four words of state, as a function that returns whole numbers below 2^32.
   */
  function xoshiro(words) {
    const s = Int32Array.from(words);
    return () => {
      const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
      const t = s[1] << 9;
      s[2] ^= s[0];
      s[3] ^= s[1];
      s[1] ^= s[2];
      s[0] ^= s[3];
      s[2] ^= t;
      s[3] = rotate(s[3], 11);
      return result;
    };
  }

  /** Four words of state from a seed, and a stream for each use of that seed. */
  function wordsFrom(seed, stream) {
    let counter = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x7feb352d)) | 0;
    return Array.from({ length: 4 }, () => {
      counter = (counter + 0x9e3779b9) | 0;
      let x = Math.imul(counter ^ (counter >>> 16), 0x85ebca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
      return x ^ (x >>> 16);
    });
  }

  /** Random numbers: `uniform()` in [0, 1), `normal()`, `shuffle(array)` in place. */
  function randomNumbers(seed, stream = 0) {
    const next = xoshiro(wordsFrom(seed, stream));
    const uniform = () => next() / 2 ** 32;
    const normal = () => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // Box and Muller, 1958
      return radius * Math.cos(2 * Math.PI * uniform());
    };
    const shuffle = (array) => {
      for (let i = array.length - 1; i > 0; i -= 1) {
        const j = Math.floor(uniform() * (i + 1));
        [array[i], array[j]] = [array[j], array[i]];
      }
      return array;
    };
    return { uniform, normal, shuffle };
  }

  const STREAMS = { data: 0, weights: 1, order: 2 };

  /* ====================== Data ====================== */

  const EXTENT = 3; // the plane is the square from −3 to 3
  const EXAMPLES = 400;
  const TURNS = 1.75; // of an arm of the spiral

  const onRing = (inner, outer, { uniform }) => {
    const angle = 2 * Math.PI * uniform();
    // the square root spreads the points evenly over the area
    const radius = Math.sqrt(inner ** 2 + (outer ** 2 - inner ** 2) * uniform());
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };

  /**
   * Data sets: from the number of an example, how many there are, and random numbers,
   * to [x1, x2, class], before noise.
   */
  const DATASETS = {
    /** Class 1 around (1, 1), class 0 around (−1, −1), standard deviation 0.4. */
    blobs(index, count, random) {
      const label = index % 2;
      const center = label === 1 ? 1 : -1;
      return [center + 0.4 * random.normal(), center + 0.4 * random.normal(), label];
    },
    /** Class 1 in the disk of radius 1.25, class 0 on the ring from 1.75 to 2.5. */
    circle(index, count, random) {
      const label = index % 2;
      const ring = label === 1 ? [0, 1.25] : [1.75, 2.5];
      return [...onRing(...ring, random), label];
    },
    /** Class 1 where the signs of x1 and x2 differ; |x1| and |x2| from 0.15 to 2.5. */
    xor(index, count, random) {
      const side = (positive) =>
        (positive ? 1 : -1) * (0.15 + 2.35 * random.uniform());
      const right = index % 2 === 1;
      const up = index % 4 >= 2;
      return [side(right), side(up), right === up ? 0 : 1];
    },
    /** Two arms, half a turn apart: radius 0.2 + 2.3 t, angle 1.75 turns times t. */
    spiral(index, count, random) {
      const label = index % 2;
      const t = (Math.floor(index / 2) + random.uniform()) / Math.ceil(count / 2);
      const angle = 2 * Math.PI * TURNS * t + (label === 1 ? 0 : Math.PI);
      const radius = 0.2 + 2.3 * t;
      return [radius * Math.cos(angle), radius * Math.sin(angle), label];
    },
  };

  /**
   * Examples of a data set, shuffled and split.
   *
   * @param {string} kind - a key of DATASETS
   * @param {number} noise - standard deviation of what is added to both coordinates;
   *     the class is that of the point before the noise
   * @param {number} share - of the examples that are kept for the test, from 0 to 1
   * @returns {object} {train, test}, each {x1, x2, label}: Float64Arrays of one length
   */
  function makeData({ kind, noise, share, seed, count = EXAMPLES }) {
    const random = randomNumbers(seed, STREAMS.data);
    const inside = (value) => Math.min(EXTENT, Math.max(-EXTENT, value));
    const examples = Array.from({ length: count }, (_, index) => {
      const [x1, x2, label] = DATASETS[kind](index, count, random);
      return [
        inside(x1 + noise * random.normal()),
        inside(x2 + noise * random.normal()),
        label,
      ];
    });
    random.shuffle(examples);
    const columns = (rows) => ({
      x1: Float64Array.from(rows, (row) => row[0]),
      x2: Float64Array.from(rows, (row) => row[1]),
      label: Float64Array.from(rows, (row) => row[2]),
    });
    const held = Math.round(count * share);
    return {
      train: columns(examples.slice(held)),
      test: columns(examples.slice(0, held)),
    };
  }

  /** What the network may get as input, from x1 and x2. */
  const FEATURES = {
    x1: (x1) => x1,
    x2: (x1, x2) => x2,
    x1x1: (x1) => x1 * x1,
    x2x2: (x1, x2) => x2 * x2,
    x1x2: (x1, x2) => x1 * x2,
    sinx1: (x1) => Math.sin(x1),
    sinx2: (x1, x2) => Math.sin(x2),
  };

  /** The input of the network, A^0, for points in the plane. */
  function inputOf({ x1, x2 }, features) {
    const m = x1.length;
    const A0 = new Float64Array(features.length * m);
    features.forEach((name, j) => {
      for (let i = 0; i < m; i += 1) A0[j * m + i] = FEATURES[name](x1[i], x2[i]);
    });
    return A0;
  }

  /** The points of a grid of size × size over the plane, row by row from the top. */
  function gridPoints(size) {
    const at = (k) => -EXTENT + ((k + 0.5) * 2 * EXTENT) / size;
    return {
      x1: Float64Array.from({ length: size * size }, (_, i) => at(i % size)),
      x2: Float64Array.from({ length: size * size }, (_, i) => -at(Math.floor(i / size))),
    };
  }

  /* ====================== The network ====================== */

  /** σ(z) = 1/(1 + e^{−z}), without overflow for large |z|. */
  function sigmoid(z) {
    if (z >= 0) return 1 / (1 + Math.exp(-z));
    const grown = Math.exp(z);
    return grown / (1 + grown);
  }

  /** a = σ(z) for `count` values; one loop each, so that the compiler knows them. */
  const ACTIVATIONS = {
    tanh(Z, A, count) {
      for (let i = 0; i < count; i += 1) A[i] = Math.tanh(Z[i]);
    },
    sigmoid(Z, A, count) {
      for (let i = 0; i < count; i += 1) A[i] = sigmoid(Z[i]);
    },
    relu(Z, A, count) {
      for (let i = 0; i < count; i += 1) A[i] = Z[i] > 0 ? Z[i] : 0;
    },
    linear(Z, A, count) {
      for (let i = 0; i < count; i += 1) A[i] = Z[i];
    },
  };

  /** δ ← δ ⊙ σ′(z) for `count` values, where σ′ is written with a = σ(z). */
  const TIMES_SLOPE = {
    tanh(A, delta, count) {
      for (let i = 0; i < count; i += 1) delta[i] *= 1 - A[i] * A[i];
    },
    sigmoid(A, delta, count) {
      for (let i = 0; i < count; i += 1) delta[i] *= A[i] * (1 - A[i]);
    },
    relu(A, delta, count) {
      for (let i = 0; i < count; i += 1) if (A[i] <= 0) delta[i] = 0;
    },
    linear() {},
  };

  /**
   * The output neuron: its activation, the targets of the classes 0 and 1, and the
   * loss of one example with its derivative ∂loss/∂z.
   */
  const OUTPUTS = {
    // −y ln a − (1 − y) ln(1 − a) = max(z, 0) − y z + ln(1 + e^{−|z|})
    cross_entropy: {
      activation: "sigmoid",
      targets: [0, 1],
      loss: (z, a, y) => Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z))),
      slope: (a, y) => a - y,
    },
    // ½ (a − y)²
    squared: {
      activation: "tanh",
      targets: [-1, 1],
      loss: (z, a, y) => 0.5 * (a - y) * (a - y),
      slope: (a, y) => (a - y) * (1 - a * a),
    },
  };

  /** R(w) for each kind of regularization, and its derivative. */
  const PENALTIES = {
    none: { value: () => 0, slope: () => 0 },
    l1: { value: Math.abs, slope: Math.sign },
    l2: { value: (w) => 0.5 * w * w, slope: (w) => w },
  };

  const layersOf = (sizes, shape) => [
    null, // so that the index of a layer is its number
    ...sizes.slice(1).map((size, index) => new Float64Array(shape(size, sizes[index]))),
  ];

  /**
   * A network with all parameters zero.
   *
   * @param {number[]} sizes - n_0, …, n_L; the last is 1
   * @param {string} activation - of the hidden layers, a key of ACTIVATIONS
   * @param {string} output - a key of OUTPUTS
   */
  function createNetwork(sizes, activation, output) {
    return {
      sizes,
      activation,
      output,
      W: layersOf(sizes, (n, before) => n * before),
      b: layersOf(sizes, (n) => n),
    };
  }

  /**
   * Normally distributed weights: variance 2/(n_{l−1} + n_l) (Glorot and Bengio,
   * 2010), for ReLU 2/n_{l−1} (He et al., 2015). Biases are zero.
   */
  function initialize(network, random) {
    const { sizes, activation, W, b } = network;
    for (let l = 1; l < sizes.length; l += 1) {
      const fan = activation === "relu" ? sizes[l - 1] : (sizes[l - 1] + sizes[l]) / 2;
      const deviation = Math.sqrt(1 / fan) * (activation === "relu" ? Math.SQRT2 : 1);
      for (let i = 0; i < W[l].length; i += 1) W[l][i] = deviation * random.normal();
      b[l].fill(0);
    }
    return network;
  }

  /** Memory for `forward` with at most `capacity` examples: {A, Z}. */
  function createCache(sizes, capacity) {
    const make = () => layersOf(sizes, (n) => n * capacity);
    const cache = { A: make(), Z: make() };
    cache.A[0] = new Float64Array(sizes[0] * capacity);
    return cache;
  }

  /** Memory for `backward`, too: {A, Z, delta}. */
  function createTrainingCache(sizes, capacity) {
    const delta = layersOf(sizes, (n) => n * capacity);
    return { ...createCache(sizes, capacity), delta };
  }

  /** Z ← W A + b for m examples. */
  function affine(W, b, A, Z, n, before, m) {
    for (let j = 0; j < n; j += 1) {
      const start = j * m;
      Z.fill(b[j], start, start + m);
      for (let k = 0; k < before; k += 1) {
        const w = W[j * before + k];
        const from = k * m;
        for (let i = 0; i < m; i += 1) Z[start + i] += w * A[from + i];
      }
    }
  }

  const activationOf = (network, l) =>
    l === network.sizes.length - 1
      ? OUTPUTS[network.output].activation
      : network.activation;

  /** Forward pass for the m examples in cache.A[0]; fills Z and A of every layer. */
  function forward(network, cache, m) {
    const { sizes, W, b } = network;
    for (let l = 1; l < sizes.length; l += 1) {
      affine(W[l], b[l], cache.A[l - 1], cache.Z[l], sizes[l], sizes[l - 1], m);
      ACTIVATIONS[activationOf(network, l)](cache.Z[l], cache.A[l], sizes[l] * m);
    }
  }

  /** The cost: the mean over m examples of the loss, without the penalty. */
  function meanLoss(network, cache, y, m) {
    const { loss } = OUTPUTS[network.output];
    const L = network.sizes.length - 1;
    let sum = 0;
    for (let i = 0; i < m; i += 1) sum += loss(cache.Z[L][i], cache.A[L][i], y[i]);
    return sum / m;
  }

  /** The share of the examples that lie on the right side of z^L = 0. */
  function accuracy(network, cache, y, m) {
    const L = network.sizes.length - 1;
    const one = OUTPUTS[network.output].targets[1];
    let right = 0;
    for (let i = 0; i < m; i += 1) {
      if (cache.Z[L][i] >= 0 === (y[i] === one)) right += 1;
    }
    return right / m;
  }

  /** R(w), summed over all weights; biases are free. */
  function penalty(network, regularization) {
    const { value } = PENALTIES[regularization];
    let sum = 0;
    for (const W of network.W.slice(1)) for (const w of W) sum += value(w);
    return sum;
  }

  /** δ^{l−1} ← ((W^l)ᵀ δ^l) ⊙ σ′(z^{l−1}) for m examples. */
  function flowBack(network, cache, l, m) {
    const { sizes, W, activation } = network;
    const [n, before] = [sizes[l], sizes[l - 1]];
    const [from, to] = [cache.delta[l], cache.delta[l - 1]];
    to.fill(0, 0, before * m);
    for (let j = 0; j < n; j += 1) {
      for (let k = 0; k < before; k += 1) {
        const w = W[l][j * before + k];
        for (let i = 0; i < m; i += 1) to[k * m + i] += w * from[j * m + i];
      }
    }
    TIMES_SLOPE[activation](cache.A[l - 1], to, before * m);
  }

  /**
   * Backward pass after `forward`: δ^l = ∂C/∂z^l of every layer, where C is the mean
   * over the m examples, and from it the gradients ∂C/∂W^l and ∂C/∂b^l.
   *
   * @param {object} gradient - {W, b} as in a network; is overwritten
   */
  function backward(network, cache, y, m, gradient) {
    const { sizes } = network;
    const L = sizes.length - 1;
    const { slope } = OUTPUTS[network.output];
    for (let i = 0; i < m; i += 1) cache.delta[L][i] = slope(cache.A[L][i], y[i]) / m;
    for (let l = L; l >= 1; l -= 1) {
      if (l > 1) flowBack(network, cache, l, m);
      const [delta, A, before] = [cache.delta[l], cache.A[l - 1], sizes[l - 1]];
      for (let j = 0; j < sizes[l]; j += 1) {
        let sum = 0;
        for (let i = 0; i < m; i += 1) sum += delta[j * m + i];
        gradient.b[l][j] = sum;
        for (let k = 0; k < before; k += 1) {
          sum = 0;
          for (let i = 0; i < m; i += 1) sum += delta[j * m + i] * A[k * m + i];
          gradient.W[l][j * before + k] = sum;
        }
      }
    }
  }

  /**
   * One step of gradient descent on C + λ R(w):
   * w ← w − η (∂C/∂w + λ R′(w)) and b ← b − η ∂C/∂b.
   */
  function descend(network, gradient, { eta, regularization, lambda }) {
    const { slope } = PENALTIES[regularization];
    for (let l = 1; l < network.sizes.length; l += 1) {
      const [W, b] = [network.W[l], network.b[l]];
      for (let i = 0; i < W.length; i += 1) {
        W[i] -= eta * (gradient.W[l][i] + lambda * slope(W[i]));
      }
      for (let j = 0; j < b.length; j += 1) b[j] -= eta * gradient.b[l][j];
    }
  }

  /* ====================== A run ====================== */

  /**
   * A network at the start of its training.
   *
   * @param {object} setting - {data: as for makeData without seed, or {parts} as it
   *     returns them, features, hidden, activation, output, seed}; `features` are keys of
   *     FEATURES, `hidden` the sizes of the hidden layers
   * @returns {object} {network, data, train, test, epoch, steps, …}; train and test are
   *     {A0, y, m}
   */
  function startRun({ data: choice, features, hidden, activation, output, seed }) {
    const data = choice.parts ?? makeData({ ...choice, seed });
    const sizes = [features.length, ...hidden, 1];
    const network = createNetwork(sizes, activation, output);
    initialize(network, randomNumbers(seed, STREAMS.weights));
    return exchangeData(
      {
        network,
        features,
        epoch: 0, // complete passes over the training examples
        steps: 0, // updates of the weights
        random: randomNumbers(seed, STREAMS.order),
        gradient: createNetwork(sizes, activation, output),
      },
      data,
    );
  }

  /** Give a run other examples, {train, test}; its network stays as it is. */
  function exchangeData(run, data) {
    const { network, features } = run;
    const part = (points) => ({
      A0: inputOf(points, features),
      y: points.label.map((label) => OUTPUTS[network.output].targets[label]),
      m: points.label.length,
    });
    const [train, test] = [part(data.train), part(data.test)];
    return Object.assign(run, {
      data,
      train,
      test,
      at: 0, // examples seen in this epoch
      order: Int32Array.from({ length: train.m }, (_, i) => i),
      cache: createTrainingCache(network.sizes, Math.max(train.m, test.m)),
      batchY: new Float64Array(train.m),
    });
  }

  /** Copy the next minibatch into the cache; an epoch visits each example once. */
  function nextBatch(run, batchSize) {
    const { train, cache, order, batchY } = run;
    if (run.at === 0) run.random.shuffle(order);
    const m = Math.min(batchSize, train.m - run.at);
    const [A0, n0] = [cache.A[0], run.network.sizes[0]];
    for (let i = 0; i < m; i += 1) {
      const example = order[run.at + i];
      batchY[i] = train.y[example];
      for (let k = 0; k < n0; k += 1) A0[k * m + i] = train.A0[k * train.m + example];
    }
    run.at += m;
    return m;
  }

  /**
   * One step: forward, backward and update with one minibatch.
   *
   * @param {object} options - {batchSize, eta, regularization, lambda}
   * @returns {boolean} whether this step completed an epoch
   */
  function step(run, options) {
    const { network, cache, batchY, gradient } = run;
    const m = nextBatch(run, options.batchSize);
    forward(network, cache, m);
    backward(network, cache, batchY, m, gradient);
    descend(network, gradient, options);
    run.steps += 1;
    if (run.at < run.train.m) return false;
    run.at = 0;
    run.epoch += 1;
    return true;
  }

  /** Steps until an epoch is complete. */
  function runEpoch(run, options) {
    while (!step(run, options));
  }

  /** {loss, accuracy} of a part, "train" or "test". */
  function evaluate(run, name) {
    const { network, cache } = run;
    const { A0, y, m } = run[name];
    cache.A[0].set(A0);
    forward(network, cache, m);
    return {
      loss: meanLoss(network, cache, y, m),
      accuracy: accuracy(network, cache, y, m),
    };
  }

  /**
   * What every neuron makes of a grid over the plane: its values, ready for pictures.
   *
   * @returns {object} a cache for `forward`, with its `size`; call `refresh(network)`
   */
  function createGrid(sizes, features, size) {
    const cache = createCache(sizes, size * size);
    cache.A[0].set(inputOf(gridPoints(size), features));
    const refresh = (network) => forward(network, cache, size * size);
    return { size, A: cache.A, Z: cache.Z, refresh };
  }

  const engine = {
    ACTIVATIONS,
    DATASETS,
    EXAMPLES,
    EXTENT,
    FEATURES,
    OUTPUTS,
    PENALTIES,
    xoshiro,
    randomNumbers,
    makeData,
    inputOf,
    gridPoints,
    createNetwork,
    initialize,
    createCache,
    createTrainingCache,
    forward,
    backward,
    descend,
    meanLoss,
    accuracy,
    activationOf,
    penalty,
    startRun,
    exchangeData,
    step,
    runEpoch,
    evaluate,
    createGrid,
  };

  if (typeof module !== "undefined") module.exports = engine;
  else globalThis.ExplorationEngine = engine;
})();
