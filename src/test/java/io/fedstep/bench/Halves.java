package io.fedstep.bench;

import java.util.List;

/**
 * A version's 10^7 weights to one client: in bfloat16, and as what differs from the version before,
 * when they are first asked for and after, beside the whole file.
 */
final class Halves implements Row {
  private static final String WEIGHTS = "/v1/models/halves/weights";
  private static final String PLAIN = "Accept: application/x-safetensors\r\n";
  private static final String HALF = "Accept: application/x-safetensors;dtype=bfloat16\r\n";
  private static final int WARM_UPS = 3;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(10_000_000, 1000));
    var round = new int[1];
    var fields = new String[] {""};
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), 1)) {
      subject.create("halves", gradients.size(), 1, 1);
      String life = subject.get("/v1/models/halves").required("base").asString();
      String base = life.substring(0, life.lastIndexOf('-') + 1);
      var turns = new Turns(bench);
      var first =
          turns.add(
              "half, first",
              () -> {
                crowd.update("halves", round[0]++, 1, gradients);
                while (subject.get("/v1/models/halves").path("version").asInt() < round[0]) {
                  Thread.onSpinWait();
                }
                fields[0] =
                    HALF
                        + "If-None-Match: \"%s%s.safetensors.bfloat16\"\r\n"
                            .formatted(base, round[0] - 1)
                        + "A-IM: xor\r\nAccept-Encoding: gzip\r\n";
                return get(crowd, HALF, 200);
              });
      var half = turns.add("half, after", () -> get(crowd, HALF, 200));
      var firstDelta = turns.add("delta, first", () -> get(crowd, fields[0], 226));
      var delta = turns.add("delta, after", () -> get(crowd, fields[0], 226));
      var whole = turns.add("whole", () -> get(crowd, PLAIN, 200));
      turns.take(bench.warmUps(WARM_UPS));
      return List.of(
          line(gradients, "in bfloat16, first time", first, whole),
          line(gradients, "in bfloat16, after", half, whole),
          line(gradients, "as a delta of bfloat16, first time", firstDelta, whole),
          line(gradients, "as a delta of bfloat16, after", delta, whole));
    }
  }

  private static Line line(Gradients of, String how, Turns.Work work, Turns.Work whole) {
    return new Line(
        Line.count(of.size()) + " weights " + how,
        work.time(),
        "the whole file",
        whole.time(),
        Line.Goal.NONE);
  }

  private static double get(Crowd crowd, String fields, int status) throws Exception {
    return crowd.seconds(1, (from, _) -> from.get(WEIGHTS, fields).is(status));
  }
}
