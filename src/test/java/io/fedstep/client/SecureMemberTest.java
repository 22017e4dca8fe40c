package io.fedstep.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fedstep.process.BesideOthers;
import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Curve25519;
import io.fedstep.secure.Goldens;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A member of a secure round computes what opens, and stops where a server lies. */
@BesideOthers
class SecureMemberTest {
  private static final List<String> ALL = SecureRoundOfFive.CLIENTS;
  private static final List<String> FOUR = ALL.subList(0, 4);

  private static Update update(String client) {
    int place = ALL.indexOf(client) + 1;
    return Update.of(new float[] {place, -0.5f * place, 100}).weighing(place).with("loss", 0.25);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sum_isThatOfTheUpdatesThatAreIn(boolean pinned) throws UnsafeException {
    var round = new SecureRoundOfFive(pinned);
    round.share(ALL);
    var updates = new TreeMap<String, byte[]>();
    for (String client : FOUR) {
      updates.put(client, round.update(client, update(client)));
    }
    var answers = new TreeMap<String, ObjectNode>();
    for (String client : FOUR) {
      answers.put(client, round.member(client).reveal(round.unmasking(FOUR)));
    }
    long one = 1L << 30;
    assertThat(round.sum(updates, answers))
        .containsExactly(
            (1 + 4 + 9 + 16) * one, -(1 + 4 + 9 + 16) * one / 2, 10 * 8 * one, 0, 10, 4, 10 << 14);
  }

  @Test
  void whatIsAskedTwice_isAnsweredTwiceTheSame() throws UnsafeException {
    var round = new SecureRoundOfFive(true);
    round.share(ALL);
    SecureMember ann = round.member("ann");
    assertThat(ann.share(round.roster())).isEqualTo(ann.share(round.roster()));
    for (String client : ALL) {
      byte[] first = round.update(client, update(client));
      assertThat(round.update(client, update(client))).isEqualTo(first);
    }
    assertThat(ann.reveal(round.unmasking(ALL))).isEqualTo(ann.reveal(round.unmasking(ALL)));
    assertThatThrownBy(() -> ann.reveal(round.unmasking(FOUR))).hasMessageContaining("second time");
  }

  static Stream<Arguments> rosters() {
    return Stream.of(
        arguments("another process", edit(answer -> key(member(answer, 0), "mask_key"))),
        arguments("out of order", edit(answer -> swap((ArrayNode) answer.required("members")))),
        arguments("indices", edit(answer -> member(answer, 2).put("index", 4))),
        arguments("id that cannot be", edit(answer -> member(answer, 2).put("client", "c m"))),
        arguments("members, not 3", edit(answer -> only(answer, 2))),
        arguments("threshold of 3", edit(answer -> answer.put("threshold", 3))),
        arguments("fraction bits", edit(answer -> answer.put("fraction_bits", 60))),
        arguments("fraction bits", edit(answer -> answer.put("fraction_bits", 7))),
        arguments("another version", edit(answer -> answer.put("round", 6))),
        arguments("another version", edit(answer -> answer.put("base", "3f9c2a71-6"))),
        arguments("digest", edit(answer -> key(member(answer, 3), "share_key"))),
        arguments("digest", edit(answer -> answer.put("fraction_bits", 29))),
        arguments("trusted identity", edit(answer -> key(member(answer, 3), "identity"))),
        arguments("signed", edit(answer -> key(member(answer, 3), "mask_key"))),
        arguments("trust as", edit(answer -> member(answer, 4).put("client", "eve"))),
        arguments("small order", edit(answer -> zeros(member(answer, 3)))),
        arguments("base64url", edit(answer -> member(answer, 3).put("mask_key", "=?"))),
        arguments("leaves out", edit(answer -> member(answer, 3).remove("mask_key"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rosters")
  void roster_thatLies_isNotSharedWith(String why, Consumer<ObjectNode> lie)
      throws UnsafeException {
    List<String> ofPinned = List.of("trusted identity", "signed", "trust as");
    var round = new SecureRoundOfFive(ofPinned.contains(why));
    ObjectNode answer = round.roster();
    lie.accept(answer);
    assertThatThrownBy(() -> round.member("ann").share(answer))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining(why);
    assertThat(round.member("ann").share(round.roster())).isNotNull();
  }

  @Test
  void roster_ofOthersOnceShared_isNotSharedWith() throws UnsafeException {
    var round = new SecureRoundOfFive(false);
    round.share(ALL);
    var another = new SecureRoundOfFive(false);
    another.members.put("ann", round.member("ann"));
    assertThatThrownBy(() -> round.member("ann").share(another.roster()))
        .isInstanceOf(UnsafeException.class);
  }

  static Stream<Arguments> shares() {
    return Stream.of(
        arguments("3 members shared, not 4", edit(answer -> shares(answer).remove("ben"))),
        arguments("no member", edit(answer -> shares(answer).put("eve", text(80)))),
        arguments("'cem' does not open", edit(answer -> shares(answer).put("cem", text(80)))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shares")
  void shares_thatLie_areNotMaskedWith(String why, Consumer<ObjectNode> lie)
      throws UnsafeException {
    var round = new SecureRoundOfFive(false);
    round.share(FOUR);
    ObjectNode answer = round.sharesFor("ann");
    lie.accept(answer);
    assertThatThrownBy(() -> round.member("ann").open(answer))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining(why);
  }

  @Test
  void whoMaskedOnce_masksWithNoOthers() throws UnsafeException {
    var round = new SecureRoundOfFive(false);
    round.share(ALL);
    round.member("ann").open(round.sharesFor("ann"));
    ObjectNode fewer = round.sharesFor("ann");
    shares(fewer).remove("eli");
    assertThatThrownBy(() -> round.member("ann").open(fewer)).hasMessageContaining("second time");
  }

  static Stream<Arguments> unmaskings() {
    return Stream.of(
        arguments("asked for twice", edit(answer -> add(answer, "missing", "ben"))),
        arguments("others are asked for", edit(answer -> add(answer, "missing", "eve"))),
        arguments("others are asked for", edit(answer -> drop(answer, "online", 4))),
        arguments("called missing", edit(answer -> move(answer, 0))),
        arguments("3 updates are in", edit(answer -> move(move(answer, 4), 3))),
        arguments("'ben' has not signed", edit(answer -> sign(answer, "ben"))),
        arguments("'ben' has not signed", edit(answer -> drop(answer, "signatures", "ben"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unmaskings")
  void unmasking_thatLies_isNotAnswered(String why, Consumer<ObjectNode> lie)
      throws UnsafeException {
    var round = new SecureRoundOfFive(true);
    round.share(ALL);
    for (String client : ALL) {
      round.update(client, update(client));
    }
    ObjectNode answer = round.unmasking(ALL);
    lie.accept(answer);
    assertThatThrownBy(() -> round.member("ann").reveal(answer))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining(why);
  }

  static Stream<Arguments> specs() {
    return Stream.of(
        arguments("below a half", edit(spec -> secure(spec).put("threshold", 0.49))),
        arguments("threshold of 1", edit(spec -> secure(spec).put("threshold", 1.0))),
        arguments("words of 16 bits", edit(spec -> secure(spec).put("bits", 16))),
        arguments("clip", edit(spec -> secure(spec).put("clip", 0x1p21))),
        arguments("max_weight", edit(spec -> secure(spec).put("max_weight", 1 << 25))),
        arguments("metrics", edit(spec -> secure(spec).putArray("metrics").add("a b"))),
        arguments("metrics", edit(spec -> secure(spec).putArray("metrics").add("a").add("a"))),
        arguments("are pinned", edit(spec -> secure(spec).put("identities", "pinned"))),
        arguments("clip_norm", edit(spec -> noise(spec).put("clip_norm", 1e31))),
        arguments("clip_norm", edit(spec -> noise(spec).remove("clip_norm"))),
        arguments("noise_multiplier", edit(spec -> noise(spec).put("noise_multiplier", 0.09))),
        arguments("noise that cannot be", edit(spec -> noise(spec).put("collusion", -1))),
        arguments("noise that cannot be", edit(spec -> with32Bits(noise(spec), spec))),
        arguments("too many values", edit(spec -> noise(spec).put("noise_multiplier", 0x1p25))));
  }

  /** Has a spec ask for noise by the clients. */
  private static ObjectNode noise(ObjectNode spec) {
    spec.set("privacy", SecureRoundOfFive.noisy().required("privacy"));
    return (ObjectNode) spec.required("privacy");
  }

  private static void with32Bits(ObjectNode privacy, ObjectNode spec) {
    assertThat(privacy.isEmpty()).isFalse();
    secure(spec).put("bits", 32);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("specs")
  void spec_thatCannotBe_isNotTrained(String why, Consumer<ObjectNode> lie) {
    ObjectNode spec = SecureRoundOfFive.model(false);
    lie.accept(spec);
    assertThatThrownBy(() -> SafetyRules.checkSettings(SecureSettings.of(spec), 3, false))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining(why);
  }

  @Test
  void whoPins_trainsNoModelThatDoesNot() {
    assertThatThrownBy(() ->
            SafetyRules.checkSettings(SecureSettings.of(SecureRoundOfFive.model(false)), 3, true))
        .hasMessageContaining("not pinned");
  }

  static Stream<Arguments> wrongUpdates() {
    Update good = update("ann");
    return Stream.of(
        arguments("a weight of 0.5", good.weighing(0.5)),
        arguments("a weight of 101", good.weighing(101)),
        arguments("'loss' is missing", Update.of(new float[3])),
        arguments("'loss' is NaN", good.with("loss", Double.NaN)),
        arguments("'loss' is -1025", good.with("loss", -1025)),
        arguments("value 2 of the update is NaN", nan()),
        arguments("has 8 bytes", Update.of(new float[2]).with("loss", 0)));
  }

  private static Update nan() {
    return Update.of(new float[] {0, 1, Float.NaN}).with("loss", 0);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongUpdates")
  void update_thatCannotBeSummed_isTheCallersError(String why, Update wrong)
      throws UnsafeException {
    SecureSettings settings = SecureSettings.of(SecureRoundOfFive.model(false));
    assertThatThrownBy(() -> new SecureStream(wrong, settings, 12))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }

  @Test
  void whatWasToldSecure_getsNothingInTheClear() {
    var told = new SafetyRules.Told();
    told.note("m", SecureRoundOfFive.model(false));
    var plain = SecureRoundOfFive.model(false);
    plain.putNull("secure");
    told.note("m", plain);
    assertThatThrownBy(() -> told.checkPlain("m")).isInstanceOf(UnsafeException.class);
    assertThat(told.isSecure("other")).isFalse();
  }

  @Test
  void identity_isTheSameAgain() {
    JsonNode golden = Goldens.read("round-5-f8-32-pinned");
    JsonNode keys = golden.required("members").get(0).required("identity_private");
    assertThat(new Identity(Goldens.hex(keys)).text()).isIn(golden.findValuesAsString("identity"));
    Identity identity = Identity.of(Identity.random().pem());
    assertThat(Identity.of(identity.pem()).text()).isEqualTo(identity.text());
    assertThat(identity).asString().doesNotContain(identity.pem().substring(40, 60));
    assertThatThrownBy(() -> Identity.of("hello")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Pinned(identity, Map.of("ann", "short")))
        .hasMessageContaining("ann");
  }

  @Test
  void noiseThatWasSeen_isNeverAnother() throws UnsafeException {
    var told = new SafetyRules.Told();
    told.note("m", SecureRoundOfFive.noisy());
    told.checkNoise("m", SecureSettings.of(SecureRoundOfFive.noisy()));
    told.checkNoise("other", SecureSettings.of(SecureRoundOfFive.model(false)));
    for (Consumer<ObjectNode> lie :
        List.of(
            edit(spec -> ((ObjectNode) spec.required("privacy")).put("noise_multiplier", 1.4)),
            edit(spec -> ((ObjectNode) spec.required("privacy")).put("clip_norm", 2.1)),
            edit(spec -> ((ObjectNode) spec.required("privacy")).put("collusion", 0)),
            edit(spec -> spec.putNull("privacy")))) {
      ObjectNode spec = SecureRoundOfFive.noisy();
      lie.accept(spec);
      told.note("m", spec);
      assertThatThrownBy(() -> told.checkNoise("m", SecureSettings.of(spec)))
          .isInstanceOf(UnsafeException.class)
          .hasMessageContaining("other noise");
    }
  }

  @Test
  void roster_ofWhomTooManyMayCollude_isNotSharedWith() throws UnsafeException {
    ObjectNode model = SecureRoundOfFive.noisy();
    ((ObjectNode) model.required("privacy")).put("collusion", 4);
    var round = new SecureRoundOfFive(model);
    assertThatThrownBy(() -> round.member("ann").share(round.roster()))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining("as many may collude");
  }

  @Test
  void sumWithNoise_isOfUpdatesThatAreCut_withTheSharesThatAreIn() throws UnsafeException {
    var round = new SecureRoundOfFive(SecureRoundOfFive.noisy());
    round.share(ALL);
    var updates = new TreeMap<String, byte[]>();
    for (String client : FOUR) {
      updates.put(client, round.update(client, update(client).weighing(0.5)));
    }
    assertThat(round.update("ann", update("ann").weighing(7))).isEqualTo(updates.get("ann"));
    var answers = new TreeMap<String, ObjectNode>();
    for (String client : FOUR) {
      answers.put(client, round.member(client).reveal(round.unmasking(FOUR)));
    }
    long[] sum = round.sum(updates, answers);
    double steps = (0x1p24 / 1.5 - Math.sqrt(3) / 2) / 2; // in one
    double noise = Math.sqrt(4 / 3.0) * 0x1p24; // of 4 shares of 1 / (4 - 1) each
    double[] cut = new double[3];
    for (int place = 1; place <= 4; place++) {
      double[] values = {place, -0.5 * place, 100};
      double norm = Math.sqrt(1.25 * place * place + 100 * 100);
      for (int i = 0; i < 3; i++) {
        cut[i] += values[i] * 2 / norm;
      }
    }
    for (int i = 0; i < 3; i++) {
      assertThat(sum[i]).isCloseTo(Math.round(cut[i] * steps), within(Math.round(8 * noise)));
    }
    assertThat(sum[3]).isZero(); // padding
    assertThat(Arrays.copyOfRange(sum, 4, 6)).containsExactly(4, 0);
  }

  // Lies

  private static Consumer<ObjectNode> edit(Consumer<ObjectNode> lie) {
    return lie;
  }

  private static ObjectNode member(ObjectNode answer, int place) {
    return (ObjectNode) answer.required("members").get(place);
  }

  private static ObjectNode secure(ObjectNode spec) {
    return (ObjectNode) spec.required("secure");
  }

  private static ObjectNode shares(ObjectNode answer) {
    return (ObjectNode) answer.required("shares");
  }

  private static void key(ObjectNode member, String name) {
    byte[] secret = new byte[Curve25519.BYTES];
    Arrays.fill(secret, (byte) 5);
    member.put(name, Base64Url.text(Curve25519.publicKey(secret)));
  }

  private static void zeros(ObjectNode member) {
    member.put("mask_key", text(32));
  }

  private static String text(int bytes) {
    return Base64Url.text(new byte[bytes]);
  }

  private static void swap(ArrayNode members) {
    JsonNode first = members.get(0);
    members.set(0, members.get(1));
    members.set(1, first);
    ((ObjectNode) members.get(0)).put("index", 1);
    ((ObjectNode) members.get(1)).put("index", 2);
  }

  private static void only(ObjectNode answer, int count) {
    ArrayNode members = (ArrayNode) answer.required("members");
    while (members.size() > count) {
      members.remove(members.size() - 1);
    }
  }

  private static void add(ObjectNode answer, String list, String client) {
    ((ArrayNode) answer.required(list)).add(client);
  }

  private static void drop(ObjectNode answer, String list, int place) {
    ((ArrayNode) answer.required(list)).remove(place);
  }

  private static void drop(ObjectNode answer, String object, String client) {
    ((ObjectNode) answer.required(object)).remove(client);
  }

  private static ObjectNode move(ObjectNode answer, int place) {
    ((ArrayNode) answer.required("missing")).add(answer.required("online").get(place));
    drop(answer, "online", place);
    return answer;
  }

  private static void sign(ObjectNode answer, String client) {
    ((ObjectNode) answer.required("signatures")).put(client, text(64));
  }
}
