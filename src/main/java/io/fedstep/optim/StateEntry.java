package io.fedstep.optim;

import java.util.List;
import java.util.stream.Stream;

/** An entry of a module's state under the key by which declearn writes it. */
public sealed interface StateEntry {
  /** The key. */
  String key();

  /**
   * A vector.
   *
   * @param square whether its values are never below 0
   * @param late whether it is null before the first step, and not 0.0
   * @param ofClients whether it is 0.0 as long as the module has no clients, whatever steps there
   *     were
   */
  record Values(String key, boolean square, boolean late, boolean ofClients)
      implements StateEntry {}

  /** How many steps the module has taken; at most one in a module. */
  record Steps(String key) implements StateEntry {}

  /** The clients of which the state holds something, in the order of their ids' bytes. */
  record Clients(String key) implements StateEntry {}

  /** A key whose value is always null. */
  record Nothing(String key) implements StateEntry {}

  /** The state of a part of the module. */
  record Group(String key, List<StateEntry> entries) implements StateEntry {}

  /** A vector of any values. */
  static Values values(String key) {
    return new Values(key, false, false, false);
  }

  /** A vector of values that are never below 0. */
  static Values squares(String key) {
    return new Values(key, true, false, false);
  }

  /** A vector that is there as long as the module has clients. */
  static Values ofClients(String key) {
    return new Values(key, false, false, true);
  }

  /** The vectors among entries, in order. */
  static Stream<Values> vectors(List<StateEntry> entries) {
    return entries.stream()
        .flatMap(entry ->
            switch (entry) {
              case Values values -> Stream.of(values);
              case Steps _, Clients _, Nothing _ -> Stream.of();
              case Group group -> vectors(group.entries());
            });
  }

  /** Whether steps are counted among entries. */
  static boolean counts(List<StateEntry> entries) {
    return entries.stream()
        .anyMatch(entry ->
            switch (entry) {
              case Steps _ -> true;
              case Values _, Clients _, Nothing _ -> false;
              case Group group -> counts(group.entries());
            });
  }

  /** Whether entries have nothing beside vectors that takes another number of bytes each time. */
  static boolean isFixed(List<StateEntry> entries) {
    return entries.stream()
        .allMatch(entry ->
            switch (entry) {
              case Values _, Nothing _ -> true;
              case Steps _, Clients _ -> false;
              case Group group -> isFixed(group.entries());
            });
  }
}
