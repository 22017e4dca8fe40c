package io.fedstep.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An {@code If-None-Match} field: a list of tags, compared weakly, or {@code *}. */
final class EntityTags {
  private static final Pattern TAG = Pattern.compile("(?:W/)?\"([^\"]*)\"");

  private final boolean any;
  private final List<String> tags = new ArrayList<>();

  private EntityTags(List<String> fields) {
    boolean star = false;
    for (String field : fields) {
      star |= field.strip().equals("*");
      Matcher matcher = TAG.matcher(field);
      while (matcher.find()) {
        tags.add(matcher.group(1));
      }
    }
    any = star;
  }

  static EntityTags of(HttpServletRequest request) {
    return new EntityTags(Collections.list(request.getHeaders("If-None-Match")));
  }

  boolean isEmpty() {
    return !any && tags.isEmpty();
  }

  /** Whether this very representation is named. */
  boolean match(String etag) {
    return any || tags.stream().anyMatch(tag -> etag.equals("\"" + tag + "\""));
  }

  /** Whether any representation of what has this tag is named. */
  boolean matchAnyOf(String tag) {
    return any || tags.stream().anyMatch(one -> one.equals(tag) || one.startsWith(tag + "."));
  }
}
