package io.fedstep;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Starts the server. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class FedstepApplication {
  /** Starts the server with Spring Boot's command line. */
  public static void main(String[] args) {
    SpringApplication.run(FedstepApplication.class, args);
  }
}
