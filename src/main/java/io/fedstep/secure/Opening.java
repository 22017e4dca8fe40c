package io.fedstep.secure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The secrets that members' answers open: the self seed of each member whose update is in, the mask
 * key of each other that shared. Each is checked against what its owner told of it before.
 */
public final class Opening {
  private final Roster roster;
  private final SortedMap<Integer, Revealed> answers = new TreeMap<>();
  private final Map<String, byte[]> selfSeeds = new TreeMap<>();
  private final Map<String, byte[]> maskKeys = new TreeMap<>();
  private final List<String> unopened = new ArrayList<>();
  private final SortedSet<Integer> wrong = new TreeSet<>();

  private Opening(Roster roster, Map<String, Revealed> answers) {
    this.roster = roster;
    answers.forEach((client, answer) -> this.answers.put(roster.index(client), answer));
  }

  /**
   * Opens what there is to be opened.
   *
   * @param shared what members shared, of those who did
   * @param online whose updates are in
   * @param answers at least as many as the roster's threshold, by client
   */
  public static Opening of(
      Roster roster,
      Map<String, Shared> shared,
      Set<String> online,
      Map<String, Revealed> answers) {
    var opening = new Opening(roster, answers);
    for (Member member : roster.members()) {
      Shared its = shared.get(member.client());
      if (its != null) {
        opening.open(member, its, online.contains(member.client()));
      }
    }
    return opening;
  }

  private void open(Member member, Shared shared, boolean isOnline) {
    String client = member.client();
    byte[] secret =
        isOnline
            ? open(
                answer -> answer.self().get(client),
                seed ->
                    Arrays.equals(
                        Keys.commitment(roster.tag(), member.index(), seed), shared.commitment()))
            : open(
                answer -> answer.key().get(client),
                key -> Arrays.equals(Curve25519.publicKey(key), member.join().maskKey()));
    if (secret == null) {
      unopened.add(client);
    } else {
      (isOnline ? selfSeeds : maskKeys).put(client, secret);
    }
  }

  private byte @Nullable [] open(
      Function<Revealed, byte @Nullable []> share, Predicate<byte[]> fits) {
    var shares = new TreeMap<Integer, byte[]>();
    answers.forEach((index, answer) -> {
      byte[] one = share.apply(answer);
      if (one != null) {
        shares.put(index, one);
      }
    });
    byte[] secret = opened(shares, fits);
    if (secret != null) {
      return secret;
    }
    for (int left : suspects(shares)) {
      var others = new TreeMap<>(shares);
      others.remove(left);
      secret = opened(others, fits);
      if (secret != null) {
        wrong.add(left);
        return secret;
      }
    }
    return null;
  }

  /** Those whose shares were used, first the ones that were wrong before. */
  private List<Integer> suspects(SortedMap<Integer, byte[]> shares) {
    var suspects = new ArrayList<>(wrong);
    shares.keySet().stream()
        .limit(roster.threshold())
        .filter(index -> !wrong.contains(index))
        .forEach(suspects::add);
    return suspects;
  }

  private byte @Nullable [] opened(SortedMap<Integer, byte[]> shares, Predicate<byte[]> fits) {
    if (shares.size() < roster.threshold()) {
      return null;
    }
    var first = new TreeMap<Integer, byte[]>();
    shares.entrySet().stream()
        .limit(roster.threshold())
        .forEach(share -> first.put(share.getKey(), share.getValue()));
    byte[] secret = Sharing.open(first);
    return fits.test(secret) ? secret : null;
  }

  /** The members whose secrets do not check out, in the roster's order; none if all are open. */
  public List<String> unopened() {
    return List.copyOf(unopened);
  }

  /** The members whose answers did not fit and were left out, in the roster's order. */
  public List<String> wrong() {
    return roster.members().stream()
        .filter(member -> wrong.contains(member.index()))
        .map(Member::client)
        .toList();
  }

  /**
   * The masks by which the sum of all updates differs from what it hides, once all are open; those
   * of pairs on all cores, since each takes a tenth of a millisecond.
   */
  public List<Mask> masks() {
    var masks = new ArrayList<Mask>();
    selfSeeds.values().forEach(seed -> masks.add(Mask.ofSelf(seed)));
    var online = new ArrayList<String>(selfSeeds.keySet());
    maskKeys.forEach((client, key) -> {
      int missing = roster.index(client);
      masks.addAll(online.parallelStream().map(other -> ofPair(other, missing, key)).toList());
    });
    return masks;
  }

  private Mask ofPair(String client, int missing, byte[] key) {
    Member online = Objects.requireNonNull(roster.member(client));
    byte[] seed =
        Keys.maskSeed(key, online.join().maskKey(), roster.tag(), missing, online.index());
    return Mask.ofPair(seed, online.index(), missing);
  }

  /** Forgets the mask keys, of which the masks are made. */
  public void wipe() {
    maskKeys.values().forEach(key -> Arrays.fill(key, (byte) 0));
    selfSeeds.values().forEach(seed -> Arrays.fill(seed, (byte) 0));
  }

  @Override
  public String toString() {
    return "an opening"; // in no log
  }
}
