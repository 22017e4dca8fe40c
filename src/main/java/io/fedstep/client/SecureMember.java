package io.fedstep.client;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Curve25519;
import io.fedstep.secure.Join;
import io.fedstep.secure.Keys;
import io.fedstep.secure.Mask;
import io.fedstep.secure.Member;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.Sealing;
import io.fedstep.secure.Sharing;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A client's part in one secure round, without a network: what it sends at each stage, and the
 * secrets of it. What it is asked twice it answers twice the same; what the rules forbid is an
 * {@link UnsafeException}.
 */
final class SecureMember {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final RoundStart start;
  private final String client;
  private final SecureSettings settings;
  private final @Nullable Pinned pinned;
  private final byte[] maskKey = secret();
  private final byte[] shareKey = secret();
  private final byte[] selfSeed = secret();
  private final byte[] noiseKey = secret();
  private final Join own;

  /** Of members with whom it masks, itself too, what they shared with it. */
  private final Map<String, Sealing.Opened> shares = new TreeMap<>();

  private @Nullable Roster roster;
  private @Nullable ObjectNode shared;
  private @Nullable Set<String> masked;
  private @Nullable ObjectNode revealed;

  SecureMember(RoundStart start, String client, SecureSettings settings, @Nullable Pinned pinned)
      throws UnsafeException {
    SafetyRules.checkSettings(settings, start.parameters(settings), pinned != null);
    this.start = start;
    this.client = client;
    this.settings = settings;
    this.pinned = pinned;
    var unsigned =
        new Join(
            Curve25519.publicKey(maskKey),
            Curve25519.publicKey(shareKey),
            start.weights().tag(),
            pinned == null ? null : pinned.own().publicKey(),
            null);
    own = pinned == null ? unsigned : signed(unsigned, pinned.own());
  }

  private static byte[] secret() {
    byte[] secret = new byte[Sharing.BYTES];
    RANDOM.nextBytes(secret);
    return secret;
  }

  private Join signed(Join join, Identity identity) {
    byte[] message = Roster.joinMessage(start.model(), start.weights().version(), client, join);
    return new Join(
        join.maskKey(), join.shareKey(), join.base(), join.identity(), identity.sign(message));
  }

  /** What it joins with. */
  ObjectNode join() {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("mask_key", Base64Url.text(own.maskKey()));
    document.put("share_key", Base64Url.text(own.shareKey()));
    document.put("base", own.base());
    document.put("identity", textOrNull(own.identity()));
    document.put("signature", textOrNull(own.signature()));
    return document;
  }

  private static @Nullable String textOrNull(byte @Nullable [] bytes) {
    return bytes == null ? null : Base64Url.text(bytes);
  }

  /** Its sealed shares, for the members of a roster. */
  ObjectNode share(JsonNode answer) throws UnsafeException {
    SecureAnswers.Members members = SecureAnswers.Members.of(answer);
    RoundFacts facts = start.facts(settings, members.fractionBits());
    Map<String, byte[]> trusted = pinned == null ? Map.of() : pinned.keys(client);
    Roster checked = SafetyRules.checkRoster(members, settings, facts, client, own, trusted);
    SafetyRules.checkAgain(roster == null ? null : roster.digest(), checked.digest(), "shares");
    if (shared == null) {
      roster = checked;
      shared = shares(checked);
    }
    return shared;
  }

  private ObjectNode shares(Roster all) {
    int degree = all.threshold() - 1;
    List<byte[]> ofKey = new ArrayList<>();
    List<byte[]> ofSeed = new ArrayList<>();
    for (int i = 0; i < degree; i++) {
      ofKey.add(secret());
      ofSeed.add(secret());
    }
    Member self = Objects.requireNonNull(all.member(client));
    int u = self.index();
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("commitment", Base64Url.text(Keys.commitment(all.tag(), u, selfSeed)));
    ArrayNode sealed = document.putArray("shares");
    for (Member other : all.members()) {
      int v = other.index();
      byte[] keyShare = Sharing.share(maskKey, ofKey, v);
      byte[] seedShare = Sharing.share(selfSeed, ofSeed, v);
      if (v == u) {
        shares.put(client, new Sealing.Opened(keyShare, seedShare));
        sealed.addNull();
      } else {
        byte[] key = Keys.seal(shareKey, other.join().shareKey(), all.tag(), u, v);
        sealed.add(Base64Url.text(Sealing.seal(key, keyShare, seedShare, all.tag(), u, v)));
      }
    }
    return document;
  }

  /** Takes the shares that others sealed for it, with whom it masks. */
  void open(JsonNode answer) throws UnsafeException {
    Roster all = fixed();
    Map<String, byte[]> sealed = SecureAnswers.bytesByName(answer.path("shares"));
    var with = new TreeSet<>(sealed.keySet());
    with.add(client);
    SafetyRules.checkShared(with, all);
    SafetyRules.checkAgain(masked, with, "masks");
    Member self = Objects.requireNonNull(all.member(client));
    for (Member other : all.members()) {
      byte[] one = sealed.get(other.client());
      if (one != null && other.index() != self.index()) {
        byte[] key =
            Keys.seal(shareKey, other.join().shareKey(), all.tag(), other.index(), self.index());
        shares.put(other.client(), SafetyRules.opened(key, one, all, other, self));
      }
    }
    masked = with;
  }

  /** The roster by which the server knows that both have the same, and a pinned member's word. */
  String query() {
    Roster all = fixed();
    return "?roster=" + Exchange.text(all.digest());
  }

  /** The same for an update, with a pinned member's signature of those who shared. */
  String updateQuery() {
    if (pinned == null) {
      return query();
    }
    byte[] signature = pinned.own().sign(fixed().sharedMessage(shares.keySet()));
    return query() + "&signature=" + Base64Url.text(signature);
  }

  /** The masked words of an update. */
  byte[] update(SecureStream stream) {
    return stream.masked(fixed(), noiseKey, masks());
  }

  private List<Mask> masks() {
    Roster all = fixed();
    int u = Objects.requireNonNull(all.member(client)).index();
    var masks = new ArrayList<Mask>();
    masks.add(Mask.ofSelf(selfSeed));
    for (Member other : all.members()) {
      int v = other.index();
      if (v != u && shares.containsKey(other.client())) {
        byte[] seed = Keys.maskSeed(maskKey, other.join().maskKey(), all.tag(), u, v);
        masks.add(Mask.ofPair(seed, u, v));
      }
    }
    return masks;
  }

  /** Shares of what has to be opened so that the sum can be. */
  ObjectNode reveal(JsonNode answer) throws UnsafeException {
    SecureAnswers.Unmasking asked = SecureAnswers.Unmasking.of(answer);
    SafetyRules.checkUnmasking(asked, fixed(), settings, client, shares.keySet());
    ObjectNode document = JsonMapper.shared().createObjectNode();
    ObjectNode self = document.putObject("self");
    ObjectNode key = document.putObject("key");
    shares.forEach((name, opened) -> {
      if (asked.online().contains(name)) {
        self.put(name, Base64Url.text(opened.selfSeedShare()));
      } else {
        key.put(name, Base64Url.text(opened.maskKeyShare()));
      }
    });
    SafetyRules.checkAgain(revealed, document, "answers");
    revealed = document;
    return document;
  }

  private Roster fixed() {
    return Objects.requireNonNull(roster, "the roster comes first");
  }

  /** Drops the secrets, once the round is over. */
  void forget() {
    Arrays.fill(maskKey, (byte) 0);
    Arrays.fill(shareKey, (byte) 0);
    Arrays.fill(selfSeed, (byte) 0);
    Arrays.fill(noiseKey, (byte) 0);
    shares.clear();
  }

  @Override
  public String toString() {
    return "a member"; // its secrets are in no log
  }
}
