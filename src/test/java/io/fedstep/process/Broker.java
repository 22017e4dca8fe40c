package io.fedstep.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.common.utils.Time;

/** Kafka brokers that do not outlive the process that started them, however that one ends. */
final class Broker {
  private static final String CLUSTER_ID = "fedstep-brokers-tests0";

  private Broker() {}

  /** Starts a broker for each file of settings; they end with the standard input. */
  public static void main(String[] arguments) {
    for (String settings : arguments) { // each waits for a majority of all
      Thread.ofPlatform()
          .uncaughtExceptionHandler(Broker::end)
          .start(() -> start(Path.of(settings)));
    }
    endWithInput();
  }

  private static void start(Path file) {
    String[] format = {
      "format", "--ignore-formatted", "--cluster-id", CLUSTER_ID, "--config", file.toString()
    };
    if (StorageTool.execute(format, System.out) != 0) {
      throw new IllegalStateException("not formatted: " + file);
    }
    var settings = new Properties();
    try (var reader = Files.newBufferedReader(file)) {
      settings.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM).startup();
  }

  private static void end(Thread of, Throwable failure) {
    failure.printStackTrace();
    Runtime.getRuntime().halt(1);
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
