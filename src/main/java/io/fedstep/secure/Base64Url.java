package io.fedstep.secure;

import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Bytes as base64url without padding. */
public final class Base64Url {
  private Base64Url() {}

  /** The text of bytes. */
  public static String text(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** The bytes of a text, or null if it is not the one text of any bytes. */
  public static byte @Nullable [] bytes(String text) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(text);
      return text(bytes).equals(text) ? bytes : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The bytes of a text of ours. */
  static byte[] ours(String text) {
    return Base64.getUrlDecoder().decode(text);
  }
}
