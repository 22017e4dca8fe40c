package io.fedstep.process;

import java.io.IOException;

/** A Kafka broker that does not outlive the process that started it, however that one ends. */
final class Broker {
  private Broker() {}

  /** Starts the broker of a file of settings, which ends with the standard input. */
  public static void main(String[] arguments) {
    Thread.ofPlatform().daemon().start(Broker::endWithInput);
    kafka.Kafka.main(arguments);
  }

  private static void endWithInput() {
    try {
      while (System.in.read() >= 0) {
        // nobody writes
      }
    } catch (IOException e) {
      System.err.println(e);
    }
    Runtime.getRuntime().halt(1);
  }
}
