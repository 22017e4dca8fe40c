package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.model.Name;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The names that administrators gave to versions, which are kept as long as they have one.
 *
 * @param versions by tag
 * @param former the version that was the best before the last choice, kept until the next one; or
 *     null
 * @param chosenAt the newest version when the best one was last chosen, or -1
 */
public record Tags(SortedMap<String, Long> versions, @Nullable Long former, long chosenAt) {
  /** The tag of the best version, which is given by the reports of clients. */
  public static final String BEST = "best";

  /** The address of the newest version, which is no tag. */
  public static final String NEWEST = "newest";

  /** The most tags of a model. */
  public static final int MOST = 100;

  /** No tags. */
  public static final Tags NONE = new Tags(Collections.emptySortedMap(), null, -1);

  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** Whether a name can be a tag. */
  public static boolean isTag(String name) {
    return Name.is(name) && !NUMBER.matcher(name).matches() && !name.equals(NEWEST);
  }

  /** Whether a version is kept whatever its age. */
  public boolean keep(long version) {
    return versions.containsValue(version) || (former != null && former == version);
  }

  /** These with a tag, which may have been elsewhere. */
  public Tags with(String tag, long version) {
    var more = new TreeMap<>(versions);
    more.put(tag, version);
    return new Tags(Collections.unmodifiableSortedMap(more), former, chosenAt);
  }

  /** These without a tag. */
  public Tags without(String tag) {
    var less = new TreeMap<>(versions);
    less.remove(tag);
    return new Tags(Collections.unmodifiableSortedMap(less), former, chosenAt);
  }

  /** These once the best version is chosen; the one before is kept until the next choice. */
  public Tags best(@Nullable Long version, long at) {
    Long before = versions.get(BEST);
    if (version == null || version.equals(before)) {
      return new Tags(versions, null, at);
    }
    return new Tags(with(BEST, version).versions, before, at);
  }

  /** These where no best version is chosen any more: the tag stays as it is. */
  public Tags chosenNoMore() {
    return new Tags(versions, null, chosenAt);
  }

  ObjectNode write() {
    ObjectNode json = Json.object();
    ObjectNode all = json.putObject("versions");
    versions.forEach(all::put);
    if (former != null) {
      json.put("former_best", former);
    }
    return json.put("chosen_at", chosenAt);
  }

  static Tags of(JsonNode json) {
    var versions = new TreeMap<String, Long>();
    json.required("versions")
        .properties()
        .forEach(tag -> versions.put(tag.getKey(), tag.getValue().longValue()));
    JsonNode former = json.get("former_best");
    return new Tags(
        Collections.unmodifiableSortedMap(versions),
        former == null ? null : (Long) former.longValue(),
        json.required("chosen_at").longValue());
  }
}
