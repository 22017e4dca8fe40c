package io.fedstep.contract;

import io.fedstep.demo.Demo;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** The demo's model after its hundred rounds, with the next one open, and two models beside it. */
final class TrainedDigits {
  private static final int PARAMETERS = 650;
  private static final int ROUNDS = 100;
  private static final long PATIENCE_SECONDS = 300;

  private TrainedDigits() {}

  /** Waits for the demo's end; then seven of ten updates come in, and three are refused. */
  static Model prepare(Server demo) throws Exception {
    demo.context().getBean(Demo.class).accuracy().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    Http http = demo.http();
    var digits = new Model(http, "digits");
    digits
        .putJson("/round", "{\"min_updates\": 6, \"max_updates\": 10, \"timeout\": \"30m\"}")
        .is(200);
    for (int k = 0; k < 7; k++) {
      put(digits, ROUNDS, k, gradient(k, PARAMETERS)).is(201);
    }
    double[] wrong = gradient(7, PARAMETERS);
    wrong[64] = Double.NaN;
    put(digits, ROUNDS, 7, wrong).problem(422, "not-finite");
    put(digits, ROUNDS, 8, gradient(8, PARAMETERS - 10)).problem(422, "wrong-length");
    for (int version = ROUNDS - 9; version <= ROUNDS; version += 3) {
      digits
          .putJson(
              "/versions/%s/reports/client-11".formatted(version),
              "{\"weight\": 355, \"metrics\": {\"accuracy\": 0.966}}")
          .is(201);
    }
    put(digits, ROUNDS - 3, 10, gradient(10, PARAMETERS)).problem(410, "round-closed");
    new Model(http, "lesions")
        .putJson(
            "",
            """
            {"tensors": {"conv.weight": [16, 1, 3, 3], "conv.bias": [16], "head": [2, 1024]},
             "optimizer": {"lrate": 0.001, "modules": ["adam"]},
             "aggregator": ["trimmed-mean", {"trim": 0.1}],
             "round": {"min_updates": 20, "max_updates": 50, "timeout": "60m"}}\
            """)
        .is(201);
    new Model(http, "next-word")
        .putJson(
            "",
            """
            {"tensors": {"embedding": [5000, 64]}, "optimizer": {"lrate": 1.0, "modules": []},
             "round": {"mode": "buffered", "min_updates": 5}}\
            """)
        .is(201);
    return digits;
  }

  private static double[] gradient(long seed, int length) {
    return new Random(seed).doubles(length, -0.01, 0.01).toArray();
  }

  private static Reply put(Model model, long round, int client, double... gradient) {
    String update = Model.update(round, "client-" + client) + "?weight=144&metric.loss=0.06";
    return model.putOctets(update, Vectors.f4(gradient));
  }
}
