package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A process that a work is measured beside; it is told what to do by lines, and answers by lines.
 */
final class Peer implements AutoCloseable {
  private final Process process;
  private final BufferedReader lines;
  private final PrintStream commands;

  private Peer(List<String> command) throws IOException {
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    lines = process.inputReader(UTF_8);
    commands = new PrintStream(process.getOutputStream(), true, UTF_8);
  }

  static Peer start(String... command) throws IOException {
    return new Peer(List.of(command));
  }

  /** A main class of the class path in a JVM of its own. */
  static Peer java(Class<?> main) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    return new Peer(command);
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
  static double seconds(String... command) throws IOException, InterruptedException {
    long started = System.nanoTime();
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IOException("%s ended with %d".formatted(List.of(command), status));
    }
    return (System.nanoTime() - started) * 1e-9;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
