package io.fedstep.client;

import io.fedstep.secure.Ed25519;
import io.fedstep.secure.Join;
import io.fedstep.secure.Member;
import io.fedstep.secure.MemberNoise;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.Sealing;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The rules that keep a client safe from a server that lies: all of them, and nothing else. Where
 * one is broken an {@link UnsafeException} says so, and the client sits the round out.
 */
final class SafetyRules {
  private static final int LEAST_MEMBERS = 3;
  private static final int MOST_MEMBERS = 255;
  private static final long MOST_WEIGHT = 1 << 24;
  private static final int MOST_METRICS = 32;
  private static final double LEAST_NORM = 1e-30;
  private static final double MOST_NORM = 1e30;
  private static final double LEAST_NOISE = 0.1;
  private static final Pattern METRIC = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,63}");

  private SafetyRules() {}

  private static void demand(boolean holds, String broken) throws UnsafeException {
    if (!holds) {
      throw new UnsafeException(broken);
    }
  }

  /** The models that are known to be secure, by the caller or the server: for many threads. */
  static final class Told {
    private final Set<String> models = ConcurrentHashMap.newKeySet();
    private final Map<String, Terms> noise = new ConcurrentHashMap<>();

    /** The noise that clients of a model add, and the norm to which they cut before. */
    private record Terms(MemberNoise noise, double clip) {
      static @Nullable Terms of(SecureSettings settings) {
        return settings.noise() == null ? null : new Terms(settings.noise(), settings.clip());
      }
    }

    /** Takes note of a model that is secure. */
    void secure(String model) {
      models.add(model);
    }

    /** Takes note of what the server says of a model. */
    void note(String model, JsonNode described) {
      if (described.path("secure").isObject()) {
        secure(model);
        Terms terms = Terms.of(SecureSettings.of(described));
        if (terms != null) {
          noise.putIfAbsent(model, terms);
        }
      }
    }

    /** Whether a model is known to be secure. */
    boolean isSecure(String model) {
      return models.contains(model);
    }

    /** Before anything is sent in the clear, whatever the server says of the model. */
    void checkPlain(String model) throws UnsafeException {
      demand(
          !isSecure(model),
          "%s was told secure: nothing is sent to it in the clear".formatted(model));
    }

    /**
     * Before a client takes part: the noise that it adds is never another than it was first seen to
     * be, as nothing can change {@code privacy}.
     */
    void checkNoise(String model, SecureSettings settings) throws UnsafeException {
      Terms known = noise.get(model);
      demand(
          known == null || known.equals(Terms.of(settings)),
          "%s was seen with other noise by the clients".formatted(model));
    }
  }

  /** The spec is one that can be, with pinned identities for who knows some. */
  static void checkSettings(SecureSettings settings, int parameters, boolean pins)
      throws UnsafeException {
    demand(settings.threshold() >= 0.5, "a threshold below a half lets a server ask two halves");
    demand(settings.threshold() < 1, "a threshold of 1 cannot be reached");
    demand(
        settings.bits() == 32 || settings.bits() == 64,
        "words of %s bits".formatted(settings.bits()));
    if (settings.noise() == null) {
      demand(
          settings.clip() >= 0x1p-20 && settings.clip() <= 0x1p20,
          "a clip of %s".formatted(settings.clip()));
    } else {
      checkNoise(settings, settings.noise(), parameters);
    }
    demand(
        settings.maxWeight() >= 1 && settings.maxWeight() <= MOST_WEIGHT,
        "a max_weight of %s".formatted(settings.maxWeight()));
    List<String> metrics = settings.metrics();
    demand(
        metrics.size() <= MOST_METRICS
            && Set.copyOf(metrics).size() == metrics.size()
            && metrics.stream().allMatch(name -> METRIC.matcher(name).matches()),
        "names of metrics that cannot be");
    demand(settings.isPinned() || !pins, "identities are not pinned, and here they are");
    demand(pins || !settings.isPinned(), "identities are pinned: Participation.pinned(…)");
  }

  private static void checkNoise(SecureSettings settings, MemberNoise noise, int parameters)
      throws UnsafeException {
    demand(
        settings.clip() >= LEAST_NORM && settings.clip() <= MOST_NORM,
        "a clip_norm of %s".formatted(settings.clip()));
    demand(
        noise.multiplier() >= LEAST_NOISE,
        "a noise_multiplier of %s".formatted(noise.multiplier()));
    demand(noise.collusion() >= 0 && settings.bits() == Long.SIZE, "noise that cannot be");
    demand(settings.grid(parameters).scale() > 0, "too many values for the noise");
  }

  /**
   * A client shares only with a roster that is what it says.
   *
   * @param facts what the client itself knows of the round, with the roster's fraction bits
   * @param own what it joined with
   * @param trusted identities that it knows, looked at where they are pinned
   */
  static Roster checkRoster(
      SecureAnswers.Members answer,
      SecureSettings settings,
      RoundFacts facts,
      String client,
      Join own,
      Map<String, byte[]> trusted)
      throws UnsafeException {
    SortedMap<String, Join> joins = new TreeMap<>();
    for (Member member : answer.list()) {
      String id = member.client();
      demand(Participation.isId(id), "a member's id that cannot be");
      demand(joins.isEmpty() || joins.lastKey().compareTo(id) < 0, "members out of order");
      joins.put(id, member.join());
      demand(member.index() == joins.size(), "indices that are not 1 … n");
      String wrong = member.join().wrongKey();
      demand(wrong == null, "'%s': %s".formatted(id, wrong == null ? "" : wrong));
    }
    Join mine = joins.get(client);
    demand(
        mine != null
            && Arrays.equals(mine.maskKey(), own.maskKey())
            && Arrays.equals(mine.shareKey(), own.shareKey()),
        ("the roster has not this client's keys at '%s': another process may have joined with its"
                + " id, or this one in an earlier life")
            .formatted(client));
    int count = joins.size();
    int fewest = Math.max(LEAST_MEMBERS, settings.minUpdates());
    demand(
        count >= fewest && count <= MOST_MEMBERS,
        "%s members, not %s to %s".formatted(count, fewest, MOST_MEMBERS));
    int threshold = settings.threshold(count);
    demand(
        answer.threshold() == threshold,
        "a threshold of %s, not %s".formatted(answer.threshold(), threshold));
    demand(
        settings.fits(answer.fractionBits(), count),
        "%s fraction bits, which the sum of %s members does not allow"
            .formatted(answer.fractionBits(), count));
    demand(
        settings.noise() == null || settings.noise().collusion() < threshold,
        "as many may collude as have to go all the way");
    demand(
        answer.round() == facts.round() && answer.base().equals(facts.base()),
        "weights of another version");
    if (settings.isPinned()) {
      checkSignatures(joins, facts, trusted);
    }
    var roster = new Roster(facts, threshold, joins);
    demand(roster.digest().equals(answer.digest()), "a digest of other weights, settings or keys");
    return roster;
  }

  private static void checkSignatures(
      SortedMap<String, Join> joins, RoundFacts facts, Map<String, byte[]> trusted)
      throws UnsafeException {
    for (var member : joins.entrySet()) {
      String id = member.getKey();
      Join join = member.getValue();
      byte[] known = trusted.get(id);
      demand(known != null, "nobody said which identity to trust as '%s'".formatted(id));
      demand(
          Arrays.equals(known, join.identity()), "'%s' has not the trusted identity".formatted(id));
      byte[] signature = join.signature();
      byte[] message = Roster.joinMessage(facts.model(), facts.round(), id, join);
      demand(
          known != null && signature != null && Ed25519.verifies(known, message, signature),
          "'%s' has not signed its keys".formatted(id));
    }
  }

  /** A client masks with members of the roster, and with enough of them, itself too. */
  static void checkShared(Set<String> shared, Roster roster) throws UnsafeException {
    demand(
        shared.stream().allMatch(client -> roster.member(client) != null),
        "shares of somebody who is no member");
    demand(
        shared.size() >= roster.least(),
        "%s members shared, not %s".formatted(shared.size(), roster.least()));
  }

  /** A client masks after every share addressed to it has opened. */
  static Sealing.Opened opened(byte[] key, byte[] sealed, Roster roster, Member from, Member to)
      throws UnsafeException {
    try {
      return Sealing.open(key, sealed, roster.tag(), from.index(), to.index());
    } catch (IllegalArgumentException e) {
      throw new UnsafeException("the share of '%s' does not open".formatted(from.client()));
    }
  }

  /**
   * A client reveals one secret of each member with whom it masked, and none where too few are
   * left, or, pinned, where one masked with others.
   *
   * @param shared with whom this client masked, itself too
   */
  static void checkUnmasking(
      SecureAnswers.Unmasking asked,
      Roster roster,
      SecureSettings settings,
      String client,
      Collection<String> shared)
      throws UnsafeException {
    var both = new HashSet<>(asked.online());
    both.addAll(asked.missing());
    demand(
        both.size() == asked.online().size() + asked.missing().size(),
        "somebody is asked for twice");
    demand(both.equals(Set.copyOf(shared)), "others are asked for than those who shared");
    demand(asked.online().contains(client), "the update of this client is called missing");
    demand(
        asked.online().size() >= roster.least(),
        "%s updates are in, not %s".formatted(asked.online().size(), roster.least()));
    if (settings.isPinned()) {
      byte[] message = roster.sharedMessage(shared);
      for (Member member : roster.members()) {
        if (asked.online().contains(member.client())) {
          byte[] identity = member.join().identity();
          byte[] signature = asked.signatures().get(member.client());
          demand(
              identity != null
                  && signature != null
                  && Ed25519.verifies(identity, message, signature),
              "'%s' has not signed that the same members shared".formatted(member.client()));
        }
      }
    }
  }

  /** What is done with the keys of a round is done once; again it is the same. */
  static <T> void checkAgain(@Nullable T before, T now, String what) throws UnsafeException {
    demand(
        before == null || before.equals(now),
        "%s a second time, with something else".formatted(what));
  }
}
