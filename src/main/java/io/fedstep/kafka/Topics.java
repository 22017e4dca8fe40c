package io.fedstep.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import org.apache.kafka.common.utils.Utils;

/** The names of a cluster's topics, and the partition of each model. */
final class Topics {
  private final ClusterSettings settings;

  Topics(ClusterSettings settings) {
    this.settings = settings;
  }

  /** What is asked of the models' leaders; a partition has one leader. */
  String requests() {
    return settings.prefix() + ".requests";
  }

  /** What they have decided; the newest for each key stays. */
  String decisions() {
    return settings.prefix() + ".decisions";
  }

  /** The numbers of updates, a partition for each range of coordinates. */
  String chunks() {
    return settings.prefix() + ".chunks";
  }

  List<String> all() {
    return List.of(requests(), decisions(), chunks());
  }

  /** The partition of a model's requests and decisions. */
  int partition(String model) {
    return Utils.toPositive(Utils.murmur2(model.getBytes(UTF_8))) % settings.partitions();
  }
}
