package io.fedstep.client;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Ed25519;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The identities that a client trusts, whatever a server says.
 *
 * @param own by which others know it
 * @param others public keys by client, as {@link Identity#text} has them
 */
public record Pinned(Identity own, Map<String, String> others) {
  public Pinned {
    others = Map.copyOf(others);
    others.forEach((client, key) -> {
      byte[] bytes = Base64Url.bytes(key);
      if (bytes == null || bytes.length != Ed25519.KEY_BYTES) {
        throw new IllegalArgumentException(
            "the key of '%s' is not base64url of %s bytes".formatted(client, Ed25519.KEY_BYTES));
      }
    });
  }

  /** The keys that {@code client} trusts, its own too. */
  Map<String, byte[]> keys(String client) {
    var keys = new TreeMap<String, byte[]>();
    others.forEach((other, key) -> {
      byte @Nullable [] bytes = Base64Url.bytes(key);
      if (bytes != null) {
        keys.put(other, bytes);
      }
    });
    keys.put(client, own.publicKey());
    return keys;
  }
}
