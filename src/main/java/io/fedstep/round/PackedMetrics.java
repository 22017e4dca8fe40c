package io.fedstep.round;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Metrics by name that do not change, in two arrays. Those of many updates share the array of
 * names, so that each costs the eight bytes of its value.
 */
@SuppressWarnings("JdkObsolete") // a NavigableMap is not needed
final class PackedMetrics extends AbstractMap<String, Double> implements SortedMap<String, Double> {
  private final String[] names;
  private final double[] values;

  /** The values of names in their order. */
  PackedMetrics(String[] names, double[] values) {
    this.names = names;
    this.values = values;
  }

  /** The names in their order; not to be changed. */
  String[] names() {
    return names;
  }

  @Override
  public @Nullable Double get(@Nullable Object name) {
    int at = name instanceof String text ? Arrays.binarySearch(names, text) : -1;
    return at < 0 ? null : values[at];
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    return get(name) != null;
  }

  @Override
  public Set<Map.Entry<String, Double>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public Iterator<Map.Entry<String, Double>> iterator() {
        return IntStream.range(0, names.length)
            .mapToObj(at -> Map.entry(names[at], values[at]))
            .iterator();
      }

      @Override
      public int size() {
        return names.length;
      }
    };
  }

  @Override
  public @Nullable Comparator<? super String> comparator() {
    return null;
  }

  @Override
  public SortedMap<String, Double> subMap(String from, String to) {
    return new TreeMap<>(this).subMap(from, to);
  }

  @Override
  public SortedMap<String, Double> headMap(String to) {
    return new TreeMap<>(this).headMap(to);
  }

  @Override
  public SortedMap<String, Double> tailMap(String from) {
    return new TreeMap<>(this).tailMap(from);
  }

  @Override
  public String firstKey() {
    return new TreeMap<>(this).firstKey();
  }

  @Override
  public String lastKey() {
    return new TreeMap<>(this).lastKey();
  }
}
