package io.fedstep.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A field of a request that lists entity tags, or is {@code *}. */
final class EntityTags {
  private static final Pattern TAG = Pattern.compile("(W/)?(\"[^\"]*+\")");

  private final boolean any;
  private final List<String> strong = new ArrayList<>();
  private final List<String> tags = new ArrayList<>();

  private EntityTags(List<String> fields) {
    boolean star = false;
    for (String field : fields) {
      star |= field.strip().equals("*");
      Matcher matcher = TAG.matcher(field);
      while (matcher.find()) {
        tags.add(matcher.group(2));
        if (matcher.group(1) == null) {
          strong.add(matcher.group(2));
        }
      }
    }
    any = star;
  }

  static EntityTags of(HttpServletRequest request, String field) {
    return new EntityTags(Collections.list(request.getHeaders(field)));
  }

  /** Whether this very representation is named, by a weak tag too. */
  boolean match(String etag) {
    return any || tags.contains(etag);
  }

  /** The same, by a strong tag. */
  boolean matchStrongly(String etag) {
    return any || strong.contains(etag);
  }

  /** Whether any representation of what has this tag, without quotes, is named. */
  boolean matchAnyOf(String tag) {
    return any || names(tags, tag);
  }

  /** The same, by a strong tag. */
  boolean matchAnyOfStrongly(String tag) {
    return any || names(strong, tag);
  }

  private static boolean names(List<String> listed, String tag) {
    String octets = "\"" + tag + "\"";
    String others = "\"" + tag + ".";
    return listed.stream().anyMatch(one -> one.equals(octets) || one.startsWith(others));
  }

  /** Whether all are named. */
  boolean isAny() {
    return any;
  }
}
