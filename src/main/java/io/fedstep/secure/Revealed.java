package io.fedstep.secure;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a member sends so that a sum can be unmasked.
 *
 * @param self its shares of the self seeds of members whose update is in, by client
 * @param key its shares of the mask keys of the others
 */
public record Revealed(SortedMap<String, byte[]> self, SortedMap<String, byte[]> key) {
  private static final String BETWEEN = "|";

  /** Copies the maps. */
  public Revealed(Map<String, byte[]> self, Map<String, byte[]> key) {
    this(sorted(self), sorted(key));
  }

  private static SortedMap<String, byte[]> sorted(Map<String, byte[]> shares) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(shares));
  }

  /** One text of these values. */
  public String text() {
    return text(self) + BETWEEN + text(key);
  }

  private static String text(SortedMap<String, byte[]> shares) {
    return shares.entrySet().stream()
        .map(share -> share.getKey() + "=" + Base64Url.text(share.getValue()))
        .collect(Collectors.joining(" "));
  }

  /** What {@link #text} wrote. */
  public static Revealed of(String text) {
    int between = text.indexOf(BETWEEN);
    return new Revealed(shares(text.substring(0, between)), shares(text.substring(between + 1)));
  }

  private static Map<String, byte[]> shares(String text) {
    var shares = new TreeMap<String, byte[]>();
    for (String share : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
      int equals = share.indexOf('=');
      shares.put(share.substring(0, equals), Base64Url.ours(share.substring(equals + 1)));
    }
    return shares;
  }

  @Override
  public String toString() {
    return "revealed shares"; // in no log
  }
}
