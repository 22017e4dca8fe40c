package io.fedstep.coordinator;

import io.fedstep.store.Version;
import io.fedstep.store.VersionBytes;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** SHA-256 of a version's weights, computed once by whoever asks first. */
final class WeightsHash {
  private static final int BUFFER = 256 * 1024;

  private @Nullable Hashed last;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Hashed(String base, byte[] hash) {}

  /** The hash of a version's weights, as little-endian bytes. */
  synchronized byte[] of(Version version) {
    Hashed known = last;
    if (known == null || !known.base().equals(version.info().base())) {
      known = new Hashed(version.info().base(), hash(version));
      last = known;
    }
    return known.hash();
  }

  private static byte[] hash(Version version) {
    try (VersionBytes weights = version.weightBytes()) {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      for (long at = 0; at < weights.length(); at += buffer.capacity()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), weights.length() - at));
        weights.read(at, buffer);
        sha.update(buffer.flip());
      }
      return sha.digest();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
