package io.fedstep.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures every row, or those of {@code -Dbench.rows=ingest,close}, and prints one table; {@code
 * -Dbench.scale=0.1} makes everything smaller, {@code -Dbench.repeats} says how often each is
 * measured.
 */
final class Performance {
  private Performance() {}

  /** All rows by their names. */
  static Map<String, Row> rows() {
    var rows = new LinkedHashMap<String, Row>();
    rows.put("ingest", new Ingest());
    rows.put("close", new Close());
    rows.put("small", new SmallUpdates());
    return rows;
  }

  static void main(String[] args) throws Exception {
    var bench =
        new Bench(
            Double.parseDouble(System.getProperty("bench.scale", "1")),
            Integer.getInteger("bench.repeats", 5),
            Path.of("target", "bench"),
            System.out::println);
    Map<String, Row> rows = rows();
    String chosen = System.getProperty("bench.rows", "");
    var table = new StringBuilder(Line.HEAD);
    for (String name : chosen.isEmpty() ? rows.keySet() : List.of(chosen.split(","))) {
      Row row = rows.get(name);
      if (row == null) {
        throw new IllegalArgumentException(
            "no row is named '%s'; there are %s".formatted(name, rows.keySet()));
      }
      System.out.println(name);
      List<Line> lines = row.measure(bench);
      lines.forEach(line -> table.append(line.markdown()));
    }
    System.out.println();
    System.out.print(table);
    Files.writeString(Path.of("target", "performance.md"), table);
  }
}
