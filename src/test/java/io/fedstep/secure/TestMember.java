package io.fedstep.secure;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.fedstep.privacy.Grid;
import io.fedstep.privacy.Noise;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A client of one round, whose secrets follow from a seed, for tests. */
public final class TestMember {
  /**
   * Results of X25519, by all that they follow from: tests of crashes play the same rounds hundreds
   * of times.
   */
  private static final Map<String, byte[]> KNOWN = new ConcurrentHashMap<>();

  private static final int MOST_KNOWN = 10_000;

  private final String client;
  private final String base;
  private final byte[] mask;
  private final byte[] share;
  private final byte[] self;
  private final List<byte[]> coefficients = new ArrayList<>();
  private final byte @Nullable [] identity;
  private final SplittableRandom random;

  public TestMember(String client, String base, long seed) {
    this(client, base, seed, null);
  }

  /** A pinned member, with its Ed25519 key, private and public. */
  public TestMember(String client, String base, long seed, byte @Nullable [] identity) {
    this.client = client;
    this.base = base;
    this.identity = identity;
    random = new SplittableRandom(31 * seed + client.hashCode());
    mask = secret();
    share = secret();
    self = secret();
  }

  private byte[] secret() {
    byte[] bytes = new byte[Sharing.BYTES];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] known(Supplier<byte[]> key, String what, byte[]... from) {
    var all = new StringBuilder(what);
    for (byte[] bytes : from) {
      all.append(' ').append(HexFormat.of().formatHex(bytes));
    }
    if (KNOWN.size() > MOST_KNOWN) {
      KNOWN.clear();
    }
    return KNOWN.computeIfAbsent(all.toString(), _ -> key.get()).clone();
  }

  private static byte[] publicKey(byte[] secret) {
    return known(() -> Curve25519.publicKey(secret), "public", secret);
  }

  private byte[] seal(byte[] publicKey, Roster roster, int from, int to) {
    return known(
        () -> Keys.seal(share, publicKey, roster.tag(), from, to),
        "seal %s %s".formatted(from, to),
        share,
        publicKey,
        roster.tag());
  }

  private byte[] maskSeed(byte[] publicKey, Roster roster, int u, int v) {
    return known(
        () -> Keys.maskSeed(mask, publicKey, roster.tag(), u, v),
        "mask %s %s".formatted(u, v),
        mask,
        publicKey,
        roster.tag());
  }

  public String client() {
    return client;
  }

  public Join join() {
    return new Join(publicKey(mask), publicKey(share), base, identity, null);
  }

  /** The secrets of which others have shares, by what they are for. */
  public Map<String, byte[]> secrets() {
    return Map.of("mask key", mask, "self seed", self);
  }

  private int index(Roster roster) {
    return Objects.requireNonNull(roster.member(client)).index();
  }

  public Shared share(Roster roster) {
    int u = index(roster);
    var sealed = new TreeMap<Integer, byte[]>();
    for (Member other : roster.members()) {
      int v = other.index();
      if (u != v) {
        byte[] key = seal(other.join().shareKey(), roster, u, v);
        sealed.put(v, Sealing.seal(key, ofKey(roster, v), ofSelf(roster, v), roster.tag(), u, v));
      }
    }
    return new Shared(Keys.commitment(roster.tag(), u, self), sealed);
  }

  private List<byte[]> coefficients(Roster roster) {
    while (coefficients.size() < 2 * (roster.threshold() - 1)) {
      coefficients.add(secret());
    }
    return coefficients;
  }

  private byte[] ofKey(Roster roster, int index) {
    return Sharing.share(mask, coefficients(roster).subList(0, roster.threshold() - 1), index);
  }

  private byte[] ofSelf(Roster roster, int index) {
    int half = roster.threshold() - 1;
    return Sharing.share(self, coefficients(roster).subList(half, 2 * half), index);
  }

  /** The masked words of values. */
  public byte[] update(
      Roster roster, Collection<String> shared, double[] values, long weight, double... metrics) {
    RoundFacts facts = roster.facts();
    BodyForm form = facts.form();
    ByteBuffer stream = ByteBuffer.allocate((int) form.bytes()).order(LITTLE_ENDIAN);
    long cut = 0;
    for (double value : values) {
      long word = weight * facts.quantizer().steps(value);
      var _ = form.bits() == 32 ? stream.putInt((int) word) : stream.putLong(word);
      cut += facts.quantizer().isCut(value) ? 1 : 0;
    }
    stream.position((int) form.tail()).putLong(weight).putLong(cut);
    for (double metric : metrics) {
      stream.putLong(weight * (long) Math.rint(Math.scalb(metric, SumTail.METRIC_BITS)));
    }
    byte[] bytes = stream.array();
    new Words().mask(form, masks(roster, shared), 0, bytes, bytes.length);
    return bytes;
  }

  /** The masked words of numbers on the grid of members that add noise. */
  public byte[] noisy(Roster roster, Collection<String> shared, long[] numbers, long cut) {
    RoundFacts facts = roster.facts();
    ByteBuffer stream = ByteBuffer.allocate((int) facts.form().bytes()).order(LITTLE_ENDIAN);
    for (long number : numbers) {
      stream.putLong(number);
    }
    stream.position((int) facts.form().tail()).putLong(1).putLong(cut);
    byte[] bytes = stream.array();
    new Words().mask(facts.form(), masks(roster, shared), 0, bytes, bytes.length);
    return bytes;
  }

  /** Values that are cut, on the grid, with this member's share of noise. */
  public long[] numbers(Roster roster, double[] values) {
    long[] numbers = onGrid(roster.facts(), values);
    int parts = roster.threshold() - Objects.requireNonNull(roster.facts().noise()).collusion();
    new Noise(self, parts).add(0, numbers.length, numbers);
    return numbers;
  }

  /** Values that are cut, on the grid. */
  public static long[] onGrid(RoundFacts facts, double[] values) {
    double multiplier = Objects.requireNonNull(facts.noise()).multiplier();
    var grid = new Grid(multiplier, facts.clip(), facts.parameters(), 0);
    double norm = Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
    double factor = grid.factor(norm) * grid.scale();
    return Arrays.stream(values).mapToLong(value -> (long) Math.rint(value * factor)).toArray();
  }

  private List<Mask> masks(Roster roster, Collection<String> shared) {
    var masks = new ArrayList<Mask>();
    masks.add(Mask.ofSelf(self.clone()));
    int u = index(roster);
    for (Member other : roster.members()) {
      int v = other.index();
      if (u != v && shared.contains(other.client())) {
        masks.add(Mask.ofPair(maskSeed(other.join().maskKey(), roster, u, v), u, v));
      }
    }
    return masks;
  }

  /**
   * Its answer to the unmasking.
   *
   * @param sealed what was sealed for it, by who did
   */
  public Revealed reveal(
      Roster roster,
      Map<String, byte[]> sealed,
      Collection<String> online,
      Collection<String> missing) {
    return new Revealed(
        shares(roster, sealed, online, true), shares(roster, sealed, missing, false));
  }

  private SortedMap<String, byte[]> shares(
      Roster roster, Map<String, byte[]> sealed, Collection<String> of, boolean areSelf) {
    var shares = new TreeMap<String, byte[]>();
    int u = index(roster);
    for (String other : of) {
      if (other.equals(client)) {
        shares.put(other, areSelf ? ofSelf(roster, u) : ofKey(roster, u));
        continue;
      }
      Member from = Objects.requireNonNull(roster.member(other));
      byte[] key = seal(from.join().shareKey(), roster, from.index(), u);
      Sealing.Opened opened =
          Sealing.open(
              key, Objects.requireNonNull(sealed.get(other)), roster.tag(), from.index(), u);
      shares.put(other, areSelf ? opened.selfSeedShare() : opened.maskKeyShare());
    }
    return shares;
  }
}
