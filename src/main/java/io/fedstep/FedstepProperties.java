package io.fedstep;

import io.fedstep.security.SecurityProperties;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.nio.file.Path;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * fedstep's own configuration keys.
 *
 * @param dataDir folder of the models
 * @param keepDeleted how long a deleted model can be put back
 * @param keepVersions versions of a model that are kept
 * @param keepRounds round records of a model that are kept beyond those of its versions; the last
 *     `max_staleness` ones, which tell repeats from updates, stay in any case
 * @param maxParameters the most parameters of a model
 * @param engine what decides and computes
 * @param kafka the cluster, if that is the engine
 * @param limits how much the server takes on
 * @param security who may do what
 */
@Validated
@ConfigurationProperties(value = "fedstep", ignoreUnknownFields = false)
public record FedstepProperties(
    @NotNull @DefaultValue("./data") Path dataDir,
    @NotNull @DurationMin(seconds = 0) @DurationMax(days = 3650) @DefaultValue("24h")
        Duration keepDeleted,
    @Min(1) @Max(1_000_000) @DefaultValue("10") int keepVersions,
    @Min(0) @Max(1_000_000) @DefaultValue("1000") int keepRounds,
    @Min(1) @Max(10_000_000_000L) @DefaultValue("1000000000") long maxParameters,
    @NotNull @DefaultValue("local") Engine engine,
    @NotNull @Valid @DefaultValue KafkaProperties kafka,
    @NotNull @Valid @DefaultValue LimitProperties limits,
    @NotNull @Valid @DefaultValue SecurityProperties security) {
  /** What decides and computes. */
  public enum Engine {
    /** This process alone, with its own disk. */
    LOCAL,
    /** Several processes, with Kafka and a shared folder. */
    KAFKA
  }
}
