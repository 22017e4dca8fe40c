package io.fedstep.secure;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a member sends so that its secrets can be opened.
 *
 * @param commitment to its self seed
 * @param sealed what goes to each other member, by index
 */
@SuppressWarnings("ArrayRecordComponent") // compared as texts
public record Shared(byte[] commitment, SortedMap<Integer, byte[]> sealed) {
  /** Copies the map. */
  public Shared(byte[] commitment, Map<Integer, byte[]> sealed) {
    this(commitment, Collections.unmodifiableSortedMap(new TreeMap<>(sealed)));
  }

  /** One text of these values. */
  public String text() {
    var text = new StringBuilder(Base64Url.text(commitment));
    sealed.forEach(
        (index, one) -> text.append(' ').append(index).append('=').append(Base64Url.text(one)));
    return text.toString();
  }

  /** What a text of {@link #text} has for an index, as base64url; null at its own place. */
  public static @Nullable String sealedFor(String text, int index) {
    String before = " %s=".formatted(Integer.toString(index));
    int at = text.indexOf(before);
    if (at < 0) {
      return null;
    }
    int end = text.indexOf(' ', at + 1);
    return text.substring(at + before.length(), end < 0 ? text.length() : end);
  }

  /** What {@link #text} wrote. */
  public static Shared of(String text) {
    String[] parts = text.split(" ", -1);
    var sealed = new TreeMap<Integer, byte[]>();
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      sealed.put(
          Integer.valueOf(parts[i].substring(0, equals)),
          Base64Url.ours(parts[i].substring(equals + 1)));
    }
    return new Shared(Base64Url.ours(parts[0]), sealed);
  }
}
