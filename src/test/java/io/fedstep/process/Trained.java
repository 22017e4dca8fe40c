package io.fedstep.process;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A model under training: what its clients send, and what has to come of it. */
final class Trained {
  private final String name;
  private final Numbers numbers;
  private final Map<String, List<Integer>> shapes;
  private final int clients;
  private final @Nullable Golden golden;
  private final PlainLoop expected;
  private final int size;

  private Trained(
      String name,
      Numbers numbers,
      Map<String, List<Integer>> shapes,
      int clients,
      @Nullable Golden golden) {
    this.name = name;
    this.numbers = numbers;
    this.shapes = shapes;
    this.clients = clients;
    this.golden = golden;
    size = shapes.values().stream().mapToInt(Trained::size).sum();
    expected = new PlainLoop(numbers, size, golden == null);
  }

  /** The model of the golden files. */
  static Trained likeNumPy(Numbers numbers, int clients) {
    Golden golden = Golden.of(numbers);
    var shapes = new LinkedHashMap<String, List<Integer>>();
    golden
        .shapes()
        .properties()
        .forEach(entry ->
            shapes.put(
                entry.getKey(), entry.getValue().valueStream().map(n -> n.intValue()).toList()));
    return new Trained("small-" + numbers.width(), numbers, shapes, clients, golden);
  }

  /** A model of several tiles, whose bodies take a while. */
  static Trained wide(int clients) {
    return new Trained("wide", Numbers.FLOAT32, Map.of("w", List.of(7, 10_001)), clients, null);
  }

  private static int size(List<Integer> shape) {
    return shape.stream().reduce(1, (a, b) -> a * b);
  }

  String name() {
    return name;
  }

  Numbers numbers() {
    return numbers;
  }

  @Nullable Golden golden() {
    return golden;
  }

  PlainLoop expected() {
    return expected;
  }

  String spec() {
    String tensors =
        shapes.entrySet().stream()
            .map(entry -> quoted(entry.getKey()) + ": " + entry.getValue())
            .collect(joining(", ", "{", "}"));
    return """
    {"tensors": %s, "dtype": "float%s", "round": {"min_updates": %s},
     "optimizer": {"lrate": %s, "w_decay": %s,
                   "modules": [["rmsprop", {"beta": %s, "eps": %s}]]}}\
    """
        .formatted(
            tensors,
            8 * numbers.width(),
            clients,
            PlainLoop.LRATE,
            PlainLoop.W_DECAY,
            PlainLoop.BETA,
            PlainLoop.EPS);
  }

  /** As declearn and Python write it, for names without control characters. */
  private static String quoted(String text) {
    return text.chars()
        .mapToObj(c ->
            c == '"' || c == '\\'
                ? "\\" + (char) c
                : c < 128 ? String.valueOf((char) c) : "\\u" + HexFormat.of().toHexDigits((char) c))
        .collect(joining("", "\"", "\""));
  }

  ClientUpdate update(int round, int client) {
    return golden == null
        ? ClientUpdate.coarse(round, client, size)
        : ClientUpdate.likeNumPy(numbers, round, client, size);
  }

  /** Computes what the round has to give. */
  void advance(int round) {
    expected.advance(IntStream.range(0, clients).mapToObj(i -> update(round, i)).toList());
  }

  /** The state document that the server has to give, by the plain loop. */
  String expectedState() {
    String hex = HexFormat.of().formatHex(expected.state());
    var dump = new ArrayList<String>();
    int at = 0;
    for (var entry : shapes.entrySet()) {
      int digits = 2 * numbers.width() * size(entry.getValue());
      dump.add(
          """
          %s: {"__type__": "np.ndarray", "dump": ["%s", "%s", %s]}\
          """
              .formatted(
                  quoted(entry.getKey()),
                  hex.substring(at, at + digits),
                  numbers == Numbers.FLOAT32 ? "f" : "d",
                  entry.getValue()));
      at += digits;
    }
    return """
    {"modules": [["rmsprop", {"state": {"__type__": "NumpyVector", "dump": {%s}}}]]}\
    """
        .formatted(String.join(", ", dump));
  }

  /** An update's body as JSON: the gradient flat, or by tensor name. */
  String json(ClientUpdate update, boolean byTensor) {
    double[] values = update.gradient();
    String gradient;
    if (byTensor) {
      var tensors = new ArrayList<String>();
      int at = 0;
      for (var entry : shapes.entrySet()) {
        int end = at + size(entry.getValue());
        double[] tensor = Arrays.copyOfRange(values, at, end);
        tensors.add(quoted(entry.getKey()) + ": " + nested(tensor, entry.getValue()));
        at = end;
      }
      gradient = "{" + String.join(", ", tensors) + "}";
    } else {
      gradient = nested(values, List.of(values.length));
    }
    return "{\"gradient\": %s, \"weight\": %s}".formatted(gradient, update.weight());
  }

  private String nested(double[] values, List<Integer> shape) {
    if (shape.isEmpty()) {
      return numbers.text(values[0]);
    }
    int parts = shape.getFirst();
    int each = values.length / parts;
    return IntStream.range(0, parts)
        .mapToObj(i ->
            nested(
                Arrays.copyOfRange(values, i * each, (i + 1) * each),
                shape.subList(1, shape.size())))
        .collect(joining(",", "[", "]"));
  }
}
