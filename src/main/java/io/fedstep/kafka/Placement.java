package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.vector.Shard;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where the ranges of a model's coordinates are computed, as long as it exists.
 *
 * @param shards how many there are
 * @param first partition of the chunks; the others follow it
 * @param partitions of the chunks
 */
record Placement(int shards, int first, int partitions) {
  ObjectNode write() {
    return Json.object().put("shards", shards).put("first", first).put("partitions", partitions);
  }

  static Placement of(JsonNode json) {
    return new Placement(
        json.required("shards").intValue(),
        json.required("first").intValue(),
        json.required("partitions").intValue());
  }

  Shard shard(int index) {
    return new Shard(index, shards);
  }

  int partition(int shard) {
    return (first + shard) % partitions;
  }

  /** The shard that a partition has. */
  Shard at(int partition) {
    return shard(Math.floorMod(partition - first, partitions));
  }

  List<Integer> all() {
    return IntStream.range(0, shards).mapToObj(this::partition).toList();
  }
}
