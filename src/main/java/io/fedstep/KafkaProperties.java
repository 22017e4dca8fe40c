package io.fedstep;

import io.fedstep.kafka.ClusterSettings;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The cluster that a process joins.
 *
 * @param brokers some of Kafka's, host:port,host:port
 * @param prefix that the names of topics, groups and transactions begin with
 * @param partitions of each topic, and so the most processes that share the work
 * @param replication of each topic
 * @param sessionTimeout in which others go on with what a process had that died
 * @param instance name of this process, for logs and answers; none for its host and port
 * @param scratchDir folder of this process alone, for uploads that are not whole yet and for the
 *     updates of open rounds in its ranges; nothing in it is needed after the process
 * @param client further configuration of Kafka's clients
 */
public record KafkaProperties(
    @NotBlank @DefaultValue("localhost:9092") String brokers,
    @Pattern(regexp = "[A-Za-z0-9._-]{1,100}") @DefaultValue("fedstep") String prefix,
    @Min(1) @Max(1000) @DefaultValue("12") int partitions,
    @Min(1) @Max(7) @DefaultValue("3") int replication,
    @NotNull @DefaultValue("10s") Duration sessionTimeout,
    @NotNull @DefaultValue("") String instance,
    @NotNull @DefaultValue("${java.io.tmpdir}") Path scratchDir,
    @NotNull @DefaultValue Map<String, String> client) {
  /** What the engine is told; {@code place} is the process's host and port. */
  ClusterSettings settings(String place) {
    return new ClusterSettings(
        brokers,
        prefix,
        partitions,
        replication,
        sessionTimeout,
        instance.isEmpty() ? place : instance,
        client);
  }
}
