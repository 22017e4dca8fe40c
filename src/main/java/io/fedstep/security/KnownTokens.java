package io.fedstep.security;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The callers of a list of tokens, by all that may name them. */
final class KnownTokens {
  private final Map<String, Caller> byId = new HashMap<>();
  private final Map<String, Caller> byHash = new HashMap<>();
  private final Map<String, Caller> bySubject = new HashMap<>();
  private final Set<String> mapped = new HashSet<>();

  /**
   * The callers of these.
   *
   * @throws IllegalArgumentException if two contradict each other
   */
  KnownTokens(List<Token> tokens) {
    tokens.forEach(this::add);
  }

  private void add(Token token) {
    Caller caller = token.caller();
    Caller sameId = byId.put(caller.id(), caller);
    if (sameId != null && !sameId.equals(caller)) {
      throw new IllegalArgumentException(
          "'%s' stands there twice, with other rights".formatted(caller.id()));
    }
    if (token.sha256() != null) {
      put(byHash, token.sha256(), caller, "token");
    }
    if (token.subject() != null) {
      put(bySubject, token.subject(), caller, "subject");
      mapped.add(caller.id());
    }
  }

  private static void put(Map<String, Caller> callers, String key, Caller caller, String what) {
    Caller same = callers.put(key, caller);
    if (same != null && !same.equals(caller)) {
      throw new IllegalArgumentException(
          "'%s' and '%s' have the same %s".formatted(same.id(), caller.id(), what));
    }
  }

  @Nullable Caller byId(String id) {
    return byId.get(id);
  }

  @Nullable Caller byHash(String sha256) {
    return byHash.get(sha256);
  }

  @Nullable Caller bySubject(String subject) {
    return bySubject.get(subject);
  }

  /** Whether an id is a subject's. */
  boolean isMapped(String id) {
    return mapped.contains(id);
  }

  /** All ids. */
  Set<String> ids() {
    return byId.keySet();
  }

  /** How many tokens have a hash. */
  int size() {
    return byHash.size();
  }
}
