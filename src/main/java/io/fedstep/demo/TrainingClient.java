package io.fedstep.demo;

import java.io.IOException;
import java.util.List;

/**
 * A client that takes part in each round with all it holds: it waits for the weights and puts its
 * gradient.
 */
final class TrainingClient {
  private final String name;
  private final ModelApi model;
  private final List<Digit> examples;

  TrainingClient(String name, ModelApi model, List<Digit> examples) {
    this.name = name;
    this.model = model;
    this.examples = examples;
  }

  /** Trains until the given version exists, and shows each version to the observer before. */
  void train(long lastVersion, Observer observer) throws IOException, InterruptedException {
    Weights weights = model.newest();
    while (weights.version() < lastVersion) {
      model.submit(name, weights, examples.size(), Softmax.gradient(weights.values(), examples));
      weights = model.after(weights);
      observer.made(weights);
    }
  }

  /** Is told of every version. */
  interface Observer {
    void made(Weights weights) throws IOException, InterruptedException;
  }
}
