package io.fedstep.secure;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Whole rounds, from the members' secrets to the mean, byte for byte. */
class GoldenRoundsTest {
  static Stream<String> rounds() {
    return Goldens.rounds();
  }

  /** A round of the reference, and what its members have sent. */
  private static final class GoldenRound {
    final JsonNode golden;
    final List<JsonNode> members;
    final Map<String, JsonNode> bodies = new HashMap<>();
    final Roster roster;

    GoldenRound(String name) {
      golden = Goldens.read(name);
      members = Goldens.stream(golden.required("members")).toList();
      Goldens.stream(golden.required("requests"))
          .forEach(request ->
              bodies.put(
                  request.required("method").stringValue()
                      + " "
                      + kind(request)
                      + "/"
                      + client(request),
                  request));
      SortedMap<String, Join> joins = new TreeMap<>();
      members.forEach(member ->
          joins.put(member.required("client").stringValue(), join(bodyOf("members", member))));
      JsonNode spec = golden.required("spec").required("secure");
      var facts =
          new RoundFacts(
              golden.required("model").stringValue(),
              golden.required("round").longValue(),
              golden.required("base").stringValue(),
              Goldens.hex(members.getFirst(), "values").length / width(),
              sha256(Goldens.hex(golden, "weights")),
              spec.required("bits").intValue(),
              spec.required("fraction_bits").intValue(),
              spec.required("clip").doubleValue(),
              spec.required("max_weight").longValue(),
              Goldens.stream(spec.required("metrics")).map(JsonNode::stringValue).toList(),
              golden.required("spec").required("round").required("min_updates").intValue(),
              null);
      roster =
          new Roster(
              facts,
              FractionBits.threshold(members.size(), spec.required("threshold").doubleValue()),
              joins);
    }

    int width() {
      return isFloat() ? 4 : 8;
    }

    boolean isFloat() {
      return golden.required("dtype").stringValue().equals("f4");
    }

    private static String path(JsonNode request) {
      return request.required("path").stringValue().replaceFirst("\\?.*", "");
    }

    private static String client(JsonNode request) {
      return path(request).replaceFirst(".*/", "");
    }

    private static String kind(JsonNode request) {
      return path(request).replaceFirst("/[^/]*$", "").replaceFirst(".*/", "");
    }

    JsonNode request(String kind, JsonNode member) {
      return Objects.requireNonNull(
          bodies.get("PUT " + kind + "/" + member.required("client").stringValue()));
    }

    boolean has(String kind, JsonNode member) {
      return bodies.containsKey("PUT " + kind + "/" + member.required("client").stringValue());
    }

    JsonNode bodyOf(String kind, JsonNode member) {
      return request(kind, member).required("body");
    }

    private static Join join(JsonNode body) {
      return new Join(
          bytes(body.required("mask_key")),
          bytes(body.required("share_key")),
          body.required("base").stringValue(),
          body.required("identity").isNull() ? null : bytes(body.required("identity")),
          body.required("signature").isNull() ? null : bytes(body.required("signature")));
    }

    int index(JsonNode member) {
      return member.required("index").intValue();
    }
  }

  private static byte[] bytes(JsonNode text) {
    return Objects.requireNonNull(Base64Url.bytes(text.stringValue()));
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void tag_isThatOfTheRoster(String name) {
    var round = new GoldenRound(name);
    assertThat(round.roster.text()).isEqualTo(round.golden.required("tag_text").stringValue());
    assertThat(round.roster.tag()).isEqualTo(Goldens.hex(round.golden, "tag"));
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void joins_haveGoodKeys_andSignatures(String name) {
    var round = new GoldenRound(name);
    for (JsonNode member : round.members) {
      String client = member.required("client").stringValue();
      Join join = GoldenRound.join(round.bodyOf("members", member));
      assertThat(join.wrongKey()).isNull();
      assertThat(Join.of(join.text()).text()).isEqualTo(join.text());
      if (join.identity() != null && join.signature() != null) {
        RoundFacts facts = round.roster.facts();
        byte[] message = Roster.joinMessage(facts.model(), facts.round(), client, join);
        assertThat(Ed25519.sign(Goldens.hex(member, "identity_private"), message))
            .isEqualTo(join.signature());
        assertThat(Ed25519.verifies(join.identity(), message, join.signature())).isTrue();
        message[0]++;
        assertThat(Ed25519.verifies(join.identity(), message, join.signature())).isFalse();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void pairs_shareSeedsAndKeys(String name) {
    var round = new GoldenRound(name);
    byte[] tag = round.roster.tag();
    for (JsonNode pair : Goldens.stream(round.golden.required("pairs")).toList()) {
      int u = pair.required("u").intValue();
      int v = pair.required("v").intValue();
      JsonNode one = round.members.get(u - 1);
      JsonNode other = round.members.get(v - 1);
      byte[] maskOfOne = Goldens.hex(one, "mask_private");
      byte[] maskOfOther = Goldens.hex(other, "mask_private");
      byte[] seed = Goldens.hex(pair, "seed");
      assertThat(Keys.maskSeed(maskOfOne, Curve25519.publicKey(maskOfOther), tag, u, v))
          .isEqualTo(seed);
      assertThat(Keys.maskSeed(maskOfOther, Curve25519.publicKey(maskOfOne), tag, v, u))
          .isEqualTo(seed);
      byte[] shareOfOne = Goldens.hex(one, "share_private");
      byte[] shareOfOther = Goldens.hex(other, "share_private");
      assertThat(Keys.seal(shareOfOne, Curve25519.publicKey(shareOfOther), tag, u, v))
          .isEqualTo(Goldens.hex(pair, "seal_u_to_v"));
      assertThat(Keys.seal(shareOfOther, Curve25519.publicKey(shareOfOne), tag, v, u))
          .isEqualTo(Goldens.hex(pair, "seal_v_to_u"));
    }
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void shares_areSealedForEachOther(String name) {
    var round = new GoldenRound(name);
    byte[] tag = round.roster.tag();
    for (JsonNode member : round.members) {
      if (!round.has("shares", member)) {
        continue;
      }
      int u = round.index(member);
      byte[] selfSeed = Goldens.hex(member, "self_seed");
      var sealed = new TreeMap<Integer, byte[]>();
      for (JsonNode other : round.members) {
        int v = round.index(other);
        byte[] ofKey =
            Sharing.share(
                Goldens.hex(member, "mask_private"), coefficients(member, "mask_coefficients"), v);
        byte[] ofSeed = Sharing.share(selfSeed, coefficients(member, "self_coefficients"), v);
        byte[] key =
            Keys.seal(
                Goldens.hex(member, "share_private"),
                bytes(round.bodyOf("members", other).required("share_key")),
                tag,
                u,
                v);
        if (u != v) {
          sealed.put(v, Sealing.seal(key, ofKey, ofSeed, tag, u, v));
        }
      }
      var shared = new Shared(Keys.commitment(tag, u, selfSeed), sealed);
      assertThat(shared.text()).isEqualTo(shared(round, member).text());
      assertThat(Shared.of(shared.text()).text()).isEqualTo(shared.text());
    }
  }

  private static List<byte[]> coefficients(JsonNode member, String key) {
    return Goldens.stream(member.required(key)).map(Goldens::hex).toList();
  }

  private static Shared shared(GoldenRound round, JsonNode member) {
    JsonNode body = round.bodyOf("shares", member);
    var sealed = new TreeMap<Integer, byte[]>();
    for (int i = 0; i < round.members.size(); i++) {
      JsonNode one = body.required("shares").get(i);
      assertThat(one.isNull()).isEqualTo(i + 1 == round.index(member));
      if (!one.isNull()) {
        sealed.put(i + 1, bytes(one));
      }
    }
    return new Shared(bytes(body.required("commitment")), sealed);
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void updates_areMaskedWordByWord(String name) {
    var round = new GoldenRound(name);
    RoundFacts facts = round.roster.facts();
    for (JsonNode member : round.members) {
      if (!round.has("updates", member)) {
        continue;
      }
      byte[] stream = stream(round, member);
      assertThat(stream).isEqualTo(Goldens.hex(member, "stream"));
      List<Mask> masks = masks(round, member);
      byte[] whole = stream.clone();
      new Words().mask(facts.form(), masks, 0, whole, whole.length);
      assertThat(whole)
          .isEqualTo(Goldens.hex(member, "masked"))
          .isEqualTo(bytes(round.request("updates", member).required("bytes")));
      for (int piece : new int[] {16, 48}) {
        assertThat(inPieces(facts.form(), masks, stream, piece)).isEqualTo(whole);
      }
    }
  }

  private static byte[] inPieces(BodyForm form, List<Mask> masks, byte[] stream, int most) {
    byte[] masked = new byte[stream.length];
    var words = new Words();
    for (int from = 0; from < stream.length; from += most) {
      int length = Math.min(most, stream.length - from);
      byte[] piece = Arrays.copyOfRange(stream, from, from + length);
      words.mask(form, masks, from, piece, length);
      System.arraycopy(piece, 0, masked, from, length);
    }
    return masked;
  }

  private static byte[] stream(GoldenRound round, JsonNode member) {
    RoundFacts facts = round.roster.facts();
    BodyForm form = facts.form();
    ByteBuffer stream = ByteBuffer.allocate((int) form.bytes()).order(LITTLE_ENDIAN);
    Quantizer quantizer = facts.quantizer();
    long weight = member.required("weight").longValue();
    long cut = 0;
    for (double value : PrimitivesTest.values(Goldens.hex(member, "values"), round.isFloat())) {
      long word = weight * quantizer.steps(value);
      var _ = form.bits() == 32 ? stream.putInt((int) word) : stream.putLong(word);
      cut += quantizer.isCut(value) ? 1 : 0;
    }
    assertThat(cut).isEqualTo(member.required("cut").longValue());
    stream.position((int) form.tail()).putLong(weight).putLong(cut);
    for (String metric : facts.metrics()) {
      double value = member.required("metrics").required(metric).doubleValue();
      stream.putLong(weight * (long) Math.rint(Math.scalb(value, SumTail.METRIC_BITS)));
    }
    return stream.array();
  }

  private static List<Mask> masks(GoldenRound round, JsonNode member) {
    var masks = new ArrayList<Mask>();
    masks.add(Mask.ofSelf(Goldens.hex(member, "self_seed")));
    int u = round.index(member);
    for (JsonNode other : round.members) {
      int v = round.index(other);
      if (u != v && round.has("shares", other)) {
        byte[] seed =
            Keys.maskSeed(
                Goldens.hex(member, "mask_private"),
                Curve25519.publicKey(Goldens.hex(other, "mask_private")),
                round.roster.tag(),
                u,
                v);
        masks.add(Mask.ofPair(seed, u, v));
      }
    }
    return masks;
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void answers_openTheSum_andItsMean(String name) {
    var round = new GoldenRound(name);
    JsonNode record = round.golden.required("record");
    RoundFacts facts = round.roster.facts();
    BodyForm form = facts.form();
    var shared = new TreeMap<String, Shared>();
    var online = new TreeSet<String>();
    var answers = new TreeMap<String, Revealed>();
    long[] sums = new long[(int) form.coordinates()];
    long[] padding = new long[form.paddingWords()];
    long[] tail = new long[form.tailWords()];
    for (JsonNode member : round.members) {
      String client = member.required("client").stringValue();
      if (round.has("shares", member)) {
        shared.put(client, shared(round, member));
      }
      if (round.has("updates", member)) {
        online.add(client);
        add(form, Goldens.hex(member, "masked"), sums, padding, tail);
      }
      if (round.has("unmasking", member)) {
        JsonNode body = round.bodyOf("unmasking", member);
        var answer = new Revealed(shares(body.required("self")), shares(body.required("key")));
        assertThat(Revealed.of(answer.text()).text()).isEqualTo(answer.text());
        answers.put(client, answer);
      }
    }
    Opening opening = Opening.of(round.roster, shared, online, answers);
    assertThat(opening.unopened()).isEmpty();
    assertThat(opening.wrong())
        .isEqualTo(Goldens.stream(record.required("wrong")).map(JsonNode::stringValue).toList());
    var words = new Words();
    for (Mask mask : opening.masks()) {
      Mask off = mask.opposite();
      words.add(off, 0, form.bits(), sums, sums.length);
      words.add(off, form.coordinateBytes(), form.bits(), padding, padding.length);
      words.add(off, form.tail(), Long.SIZE, tail, tail.length);
    }
    Words.extend(form.bits(), sums, sums.length);
    Words.extend(form.bits(), padding, padding.length);
    assertThat(Arrays.stream(sums).mapToObj(Long::toString))
        .isEqualTo(
            Goldens.stream(round.golden.required("sums")).map(JsonNode::stringValue).toList());
    SumTail summed = SumTail.of(padding, tail);
    assertThat(summed.wrong(facts, online.size())).isNull();
    assertThat(summed.weight()).isEqualTo(record.required("total_weight").longValue());
    assertThat(summed.clipped(facts, online.size()))
        .isEqualTo(record.required("clipped").doubleValue());
    for (int i = 0; i < facts.metrics().size(); i++) {
      assertThat(summed.metric(i))
          .isEqualTo(record.required("metrics").required(facts.metrics().get(i)).doubleValue());
    }
    var mean = new MeanOfSum(facts.fractionBits(), summed.weight());
    ByteBuffer means = ByteBuffer.allocate(sums.length * round.width()).order(LITTLE_ENDIAN);
    for (long sum : sums) {
      assertThat(Math.abs(sum)).isLessThanOrEqualTo(summed.mostCoordinate(facts));
      var _ = round.isFloat() ? means.putFloat(mean.floatOf(sum)) : means.putDouble(mean.of(sum));
    }
    assertThat(means.array()).isEqualTo(Goldens.hex(round.golden, "mean"));
  }

  private static void add(BodyForm form, byte[] masked, long[] sums, long[] padding, long[] tail) {
    ByteBuffer words = ByteBuffer.wrap(masked).order(LITTLE_ENDIAN);
    for (int i = 0; i < sums.length; i++) {
      sums[i] += form.bits() == 32 ? words.getInt() : words.getLong();
    }
    for (int i = 0; i < padding.length; i++) {
      padding[i] += form.bits() == 32 ? words.getInt() : words.getLong();
    }
    for (int i = 0; i < tail.length; i++) {
      tail[i] += words.getLong();
    }
  }

  private static Map<String, byte[]> shares(JsonNode object) {
    var shares = new TreeMap<String, byte[]>();
    object.properties().forEach(share -> shares.put(share.getKey(), bytes(share.getValue())));
    return shares;
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void pinnedMembers_signWhoShared(String name) {
    var round = new GoldenRound(name);
    var shared =
        round.members.stream()
            .filter(member -> round.has("shares", member))
            .map(member -> member.required("client").stringValue())
            .toList();
    for (JsonNode member : round.members) {
      byte[] identity =
          Objects.requireNonNull(round.roster.member(member.required("client").stringValue()))
              .join()
              .identity();
      if (identity == null || !round.has("updates", member)) {
        continue;
      }
      String path = round.request("updates", member).required("path").stringValue();
      byte[] signature =
          Objects.requireNonNull(Base64Url.bytes(path.replaceFirst(".*signature=", "")));
      byte[] message = round.roster.sharedMessage(shared);
      assertThat(Ed25519.verifies(identity, message, signature)).isTrue();
    }
  }
}
