package io.fedstep.coordinator;

import java.io.InputStream;

/**
 * The bytes of an upload that one request brings.
 *
 * @param from where they belong
 * @param completes whether they go to the end
 * @param length how many they are, or -1 where that is not known
 * @param stop ends the request whose bytes do not come
 */
public record SentBytes(
    long from, boolean completes, long length, InputStream body, Runnable stop) {
  /** Where they end, as far as that is known. */
  long end() {
    return from + Math.max(0, length);
  }

  /** Checks that they begin where the next byte belongs, and end where they say. */
  void checkPlace(long next, long whole) {
    if (from != next) {
      throw UploadRefusals.otherOffset(next, from).exception();
    }
    if (completes && length >= 0 && end() != whole) {
      throw UploadRefusals.otherEnd(end(), whole).exception();
    }
  }
}
