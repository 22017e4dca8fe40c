package io.fedstep;

import java.util.Locale;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Starts the server. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class FedstepApplication {
  /** Starts the server with Spring Boot's command line. */
  public static void main(String[] args) {
    // before anything formats or parses: no text that a machine reads depends on the user's
    // language
    Locale.setDefault(Locale.ROOT);
    // a thread more than processors to carry requests: one is left where work takes the others
    String carriers = "jdk.virtualThreadScheduler.parallelism";
    if (System.getProperty(carriers) == null) {
      System.setProperty(
          carriers, Integer.toString(Runtime.getRuntime().availableProcessors() + 1));
    }
    SpringApplication.run(FedstepApplication.class, args);
  }
}
