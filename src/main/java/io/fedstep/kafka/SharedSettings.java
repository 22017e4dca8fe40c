package io.fedstep.kafka;

import static java.util.stream.Collectors.joining;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Engine;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The settings that all processes of a cluster have to share, by their names. */
record SharedSettings(ObjectNode values) {
  private static final List<String> NAMES = List.of("keep-versions", "keep-rounds");

  /** Those of this process. */
  static SharedSettings of(Engine engine) {
    return new SharedSettings(
        Json.object()
            .put("keep-versions", engine.keepVersions())
            .put("keep-rounds", engine.keepRounds()));
  }

  /** The settings in which this process differs from its cluster, as a sentence; or nothing. */
  String differing(@Nullable SharedSettings known) {
    return known == null
        ? ""
        : NAMES.stream()
            .filter(name -> !values.path(name).equals(known.values.path(name)))
            .map(name ->
                "fedstep.%s is %s here and %s in the cluster"
                    .formatted(name, values.path(name), known.values.path(name)))
            .collect(joining(", "));
  }
}
