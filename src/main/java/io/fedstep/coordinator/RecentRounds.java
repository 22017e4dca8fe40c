package io.fedstep.coordinator;

import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.ModelFolder;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The records of the last rounds before the open one, in memory: an update may turn out to be a
 * repeat of one there.
 */
final class RecentRounds {
  private final ModelFolder folder;
  private final ConcurrentSkipListMap<Long, RoundRecord> recent = new ConcurrentSkipListMap<>();

  RecentRounds(ModelFolder folder) {
    this.folder = folder;
  }

  /** Reads the records of at most so many rounds before the open one, without a gap. */
  void find(long open, long most) {
    long oldest = Math.max(0, open - most);
    for (long over = open - 1; over >= oldest; over--) {
      RoundRecord found = record(over);
      if (found == null) {
        return; // kept no more, and so are those before
      }
      recent.put(over, found);
    }
  }

  /** The update that a client computed from a version, or null. */
  Decision.@Nullable Accepted update(String client, long from) {
    return recent.tailMap(from).values().stream()
        .map(record -> record.update(client, from))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** Whether all rounds from one on are here. */
  boolean reaches(long from) {
    return !recent.isEmpty() && recent.firstKey() <= from;
  }

  /** The record of a recent round, or null. */
  @Nullable RoundRecord get(long round) {
    return recent.get(round);
  }

  /** The record of any round that is over, or null. */
  @Nullable RoundRecord record(long round) {
    RoundRecord found = recent.get(round);
    return found != null ? found : folder.record(round);
  }

  /** Adds the round that has ended, if one has, and drops those before {@code oldest}. */
  void advance(@Nullable RoundRecord over, long oldest) {
    if (over != null) {
      recent.put(over.round(), over);
    }
    recent.headMap(oldest).clear();
  }
}
