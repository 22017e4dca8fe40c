package io.fedstep.bench;

import java.util.Collection;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH's figures for what works on tiles: a second, smaller table. */
final class Kernels {
  static final String HEAD =
      """
      | kernel | ns a value |
      | --- | --- |
      """;

  private Kernels() {}

  /** Runs every benchmark in a JVM of its own. */
  static Collection<RunResult> measure() throws RunnerException {
    return new Runner(
            options()
                .forks(1)
                .warmupIterations(3)
                .warmupTime(TimeValue.milliseconds(300))
                .measurementIterations(5)
                .measurementTime(TimeValue.milliseconds(200))
                .verbosity(VerboseMode.SILENT)
                .build())
        .run();
  }

  /** Runs every benchmark in this JVM, too short to say anything. */
  static Collection<RunResult> tryOut() throws RunnerException {
    return new Runner(
            options()
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(1))
                .verbosity(VerboseMode.SILENT)
                .build())
        .run();
  }

  private static ChainedOptionsBuilder options() {
    return new OptionsBuilder()
        .include("io.fedstep.*Benchmark")
        .mode(Mode.AverageTime)
        .timeUnit(TimeUnit.NANOSECONDS)
        .shouldFailOnError(true);
  }

  static String markdown(RunResult result) {
    var parameters = new TreeMap<String, String>();
    for (String key : result.getParams().getParamsKeys()) {
      parameters.put(key, result.getParams().getParam(key));
    }
    String rows = parameters.getOrDefault("rows", "1");
    String name = result.getParams().getBenchmark().replaceAll("^.*[.](\\w+Benchmark)[.]", "$1 ");
    return String.format(
        Locale.ROOT,
        "| %s %s | %.3f |\n",
        name.replace("Benchmark", ""),
        parameters.isEmpty() ? "" : parameters,
        nanoseconds(result) / Integer.parseInt(rows));
  }

  static double nanoseconds(RunResult result) {
    return result.getPrimaryResult().getScore();
  }
}
