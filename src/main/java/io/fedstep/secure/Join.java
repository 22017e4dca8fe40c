package io.fedstep.secure;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a client sends to join.
 *
 * @param maskKey the public key of the pair from which its masks follow
 * @param shareKey that of the pair with which shares are sealed
 * @param base the tag of the weights that it trains from
 * @param identity its Ed25519 key, or null
 * @param signature by that of its keys, or null
 */
@SuppressWarnings("ArrayRecordComponent") // compared as texts
public record Join(
    byte[] maskKey,
    byte[] shareKey,
    String base,
    byte @Nullable [] identity,
    byte @Nullable [] signature) {
  private static final String NONE = "-";

  /** One text of these values. */
  public String text() {
    return String.join(
        " ",
        Base64Url.text(maskKey),
        Base64Url.text(shareKey),
        base,
        textOrNone(identity),
        textOrNone(signature));
  }

  /** What {@link #text} wrote. */
  public static Join of(String text) {
    String[] parts = text.split(" ", -1);
    return new Join(
        Base64Url.ours(parts[0]),
        Base64Url.ours(parts[1]),
        parts[2],
        bytesOrNone(parts[3]),
        bytesOrNone(parts[4]));
  }

  static String textOrNone(byte @Nullable [] bytes) {
    return bytes == null ? NONE : Base64Url.text(bytes);
  }

  static byte @Nullable [] bytesOrNone(String text) {
    return text.equals(NONE) ? null : Base64Url.ours(text);
  }

  /** What is wrong with its two keys, or null. */
  public @Nullable String wrongKey() {
    String wrong = Curve25519.wrong(maskKey);
    if (wrong != null) {
      return "mask_key " + wrong;
    }
    wrong = Curve25519.wrong(shareKey);
    if (wrong != null) {
      return "share_key " + wrong;
    }
    return Arrays.equals(maskKey, shareKey) ? "mask_key and share_key are the same" : null;
  }
}
