package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A process that a work is measured beside; it is told what to do by lines, and answers by lines.
 */
final class Peer implements AutoCloseable {
  private final Process process;
  private final BufferedReader lines;
  private final PrintStream commands;
  private String name = "";

  private Peer(List<String> command) throws IOException {
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    lines = process.inputReader(UTF_8);
    commands = new PrintStream(process.getOutputStream(), true, UTF_8);
  }

  /** A script of {@code src/test/python}; null where Python or what it imports is missing. */
  static @Nullable Peer python(String script, String... arguments) {
    var command = new ArrayList<>(List.of("python3", "src/test/python/" + script));
    command.addAll(List.of(arguments));
    try {
      return new Peer(command).awaitReady();
    } catch (IOException e) {
      return null;
    }
  }

  /** A program of {@code src/test/c}, compiled into the folder; null where gcc is missing. */
  static @Nullable Peer c(Path folder, String name, String... arguments)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    String program = folder.resolve(name).toString();
    var compile = new ArrayList<>(List.of("gcc", "-O3", "-march=native", "-pthread"));
    // no fused multiply-add, and no errno, which would keep roots scalar: neither changes a bit
    compile.addAll(List.of("-ffp-contract=off", "-fno-math-errno"));
    compile.addAll(List.of("-o", program, "src/test/c/%s.c".formatted(name), "-lm"));
    try {
      run(compile.toArray(String[]::new));
    } catch (IOException e) {
      return null;
    }
    var command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    return new Peer(command);
  }

  /** A main class of the class path in a JVM of its own. */
  static Peer java(Class<?> main, String... arguments) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new Peer(command);
  }

  /** Waits until it says "ready"; what it says of itself besides is its {@link #name}. */
  Peer awaitReady() throws IOException {
    String line = answer();
    if (!line.startsWith("ready")) {
      throw new IOException("not ready, but: " + line);
    }
    name = line.substring("ready".length()).strip();
    return this;
  }

  String name() {
    return name;
  }

  /** Tells it to do something; it answers with the seconds that took. */
  double seconds(String command) throws IOException {
    return Double.parseDouble(ask(command));
  }

  /** The port that it listens on, which is the first thing it says. */
  int port() throws IOException {
    return Integer.parseInt(answer().replace("port ", ""));
  }

  /** Tells it something and waits for its answer. */
  String ask(String command) throws IOException {
    commands.println(command);
    return answer();
  }

  private String answer() throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("the peer ended: " + process.info().commandLine().orElse("unknown"));
    }
    return line;
  }

  /** Runs a command to its end; returns the seconds that took. */
  static double run(String... command) throws IOException, InterruptedException {
    long started = System.nanoTime();
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IOException("%s ended with %s".formatted(List.of(command), status));
    }
    return (System.nanoTime() - started) * 1e-9;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
