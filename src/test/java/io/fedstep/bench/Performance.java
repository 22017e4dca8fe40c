package io.fedstep.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Measures every row, or those of {@code -Dbench.rows=ingest,close}, and prints one table; {@code
 * -Dbench.scale=0.1} makes everything smaller, {@code -Dbench.repeats} says how many turns each
 * has.
 */
final class Performance {
  private static final String KERNELS = "kernels";

  private Performance() {}

  /** All rows by their names. */
  static Map<String, Row> rows() {
    var rows = new LinkedHashMap<String, Row>();
    rows.put("ingest", new Ingest());
    rows.put("encoded", new Encoded());
    rows.put("close", new Close());
    rows.put("controls", new Controls());
    rows.put("private", new Noisy());
    rows.put("unmasking", new Unmasking());
    rows.put("step", new Step());
    rows.put("small", new SmallUpdates());
    rows.put("download", new Download());
    rows.put("halves", new Halves());
    rows.put("json", new JsonParse());
    rows.put("state", new States());
    rows.put("memory", new Memory());
    rows.put("round", new WholeRound());
    rows.put("startup", new Startup());
    rows.put("cold", new Cold());
    return rows;
  }

  static void main(String[] args) throws Exception {
    var bench =
        new Bench(
            Double.parseDouble(System.getProperty("bench.scale", "1")),
            Integer.getInteger("bench.repeats", 5),
            Path.of("target", "bench"),
            Stream.of(System.getProperty("bench.jvm", "").split(" "))
                .filter(option -> !option.isEmpty())
                .toList(),
            null,
            System.out::println);
    Map<String, Row> rows = rows();
    var names = new ArrayList<>(rows.keySet());
    names.add(KERNELS);
    String chosen = System.getProperty("bench.rows", "");
    if (!chosen.isEmpty()) {
      if (!names.containsAll(List.of(chosen.split(",")))) {
        throw new IllegalArgumentException("bench.rows is '%s' of %s".formatted(chosen, names));
      }
      names.retainAll(List.of(chosen.split(",")));
    }
    var text = new StringBuilder(Machine.markdown()).append('\n').append(Line.HEAD);
    for (String name : names) {
      System.out.println(name);
      Row row = rows.get(name);
      if (row != null) {
        text.append(markdown(name, row.measure(bench)));
      } else {
        text.append('\n').append(Kernels.HEAD);
        Kernels.measure().forEach(result -> text.append(Kernels.markdown(result)));
      }
    }
    System.out.println();
    System.out.print(text);
    Files.writeString(Path.of("target", "performance.md"), text);
  }

  private static String markdown(String name, List<Line> lines) {
    if (lines.isEmpty()) {
      return "| %s | not measured: a tool is missing | | | | | |\n".formatted(name);
    }
    return String.join("", lines.stream().map(Line::markdown).toList());
  }
}
