package io.fedstep.codec;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Join;
import io.fedstep.secure.Member;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.Shared;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The messages of members of a secure round as JSON; 400 {@code malformed} for another form. */
public final class SecureMessages {
  private SecureMessages() {}

  /** Reads a join, whatever the lengths of its keys. */
  public static Join join(ObjectNode body) {
    checkKeys(body, Set.of("mask_key", "share_key", "base", "identity", "signature"));
    JsonNode base = body.path("base");
    if (!base.isString()) {
      throw Json.malformed("base has to be the tag of the weights, a text.");
    }
    return new Join(
        bytes(body, "mask_key"),
        bytes(body, "share_key"),
        base.stringValue(),
        bytesOrNull(body, "identity"),
        bytesOrNull(body, "signature"));
  }

  /**
   * Reads sealed shares, whatever their lengths.
   *
   * @param shares how many there were, with those that are null
   */
  public record SharedBody(Shared shared, int shares) {
    /** Reads a body. */
    public static SharedBody of(ObjectNode body) {
      checkKeys(body, Set.of("commitment", "shares"));
      byte[] commitment = bytes(body, "commitment");
      if (!(body.path("shares") instanceof ArrayNode array)) {
        throw Json.malformed("shares has to be an array.");
      }
      var sealed = new TreeMap<Integer, byte[]>();
      for (int i = 0; i < array.size(); i++) {
        JsonNode one = array.get(i);
        if (!one.isNull()) {
          sealed.put(i + 1, bytes(one, "shares[%s]".formatted(i)));
        }
      }
      return new SharedBody(new Shared(commitment, sealed), array.size());
    }
  }

  /** Reads an answer to the unmasking, whatever its names and lengths. */
  public static Revealed revealed(ObjectNode body) {
    checkKeys(body, Set.of("self", "key"));
    return new Revealed(shares(body, "self"), shares(body, "key"));
  }

  private static Map<String, byte[]> shares(ObjectNode body, String key) {
    if (!(body.path(key) instanceof ObjectNode object)) {
      throw Json.malformed("%s has to be an object of shares by client.".formatted(key));
    }
    var shares = new TreeMap<String, byte[]>();
    object
        .properties()
        .forEach(share -> {
          if (share.getKey().contains(" ") || share.getKey().contains("=")) {
            throw Json.malformed("%s has '%s', which is no client.".formatted(key, share.getKey()));
          }
          shares.put(share.getKey(), bytes(share.getValue(), key + "." + share.getKey()));
        });
    return shares;
  }

  private static void checkKeys(ObjectNode body, Set<String> known) {
    for (String key : body.propertyNames()) {
      if (!known.contains(key)) {
        throw Json.malformed("The body has no key '%s'.".formatted(key));
      }
    }
  }

  private static byte[] bytes(ObjectNode body, String key) {
    return bytes(body.path(key), key);
  }

  private static byte @Nullable [] bytesOrNull(ObjectNode body, String key) {
    JsonNode value = body.path(key);
    return value.isMissingNode() || value.isNull() ? null : bytes(value, key);
  }

  private static byte[] bytes(JsonNode value, String key) {
    byte[] bytes = value.isString() ? Base64Url.bytes(value.stringValue()) : null;
    if (bytes == null) {
      throw Json.malformed("%s has to be bytes in base64url without padding.".formatted(key));
    }
    return bytes;
  }

  /** A roster, as members are shown it. */
  public static ObjectNode roster(Roster roster) {
    ObjectNode json =
        Json.object()
            .put("round", roster.facts().round())
            .put("base", roster.facts().base())
            .put("threshold", roster.threshold())
            .put("fraction_bits", roster.facts().fractionBits())
            .put("digest", roster.digest());
    ArrayNode members = json.putArray("members");
    for (Member member : roster.members()) {
      Join join = member.join();
      members
          .addObject()
          .put("client", member.client())
          .put("index", member.index())
          .put("mask_key", Base64Url.text(join.maskKey()))
          .put("share_key", Base64Url.text(join.shareKey()))
          .put("identity", textOrNull(join.identity()))
          .put("signature", textOrNull(join.signature()));
    }
    return json;
  }

  private static @Nullable String textOrNull(byte @Nullable [] bytes) {
    return bytes == null ? null : Base64Url.text(Objects.requireNonNull(bytes));
  }
}
