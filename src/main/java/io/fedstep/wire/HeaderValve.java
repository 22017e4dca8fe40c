package io.fedstep.wire;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.tomcat.util.http.MimeHeaders;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/**
 * Looks at a request's header fields before anything reads them. A field that nobody here needs,
 * and that the framework would fail on, is taken away; a control character in one that is read is
 * refused.
 */
final class HeaderValve extends ValveBase {
  /** Fields that something here reads, and has no use for what is beyond ASCII in them. */
  private static final Set<String> READ =
      names(
          "A-IM",
          "Accept",
          "Accept-Encoding",
          "Access-Control-Request-Headers",
          "Access-Control-Request-Method",
          "Authorization",
          "Content-Encoding",
          "Content-Range",
          "Content-Type",
          "Expect",
          "If-Match",
          "If-Modified-Since",
          "If-None-Match",
          "If-Range",
          "If-Unmodified-Since",
          "Last-Event-ID",
          "Origin",
          "Range",
          UploadFields.DIGEST,
          "Sec-Fetch-Dest",
          "Sec-Fetch-Mode",
          "Sec-Fetch-Site",
          UploadFields.COMPLETE,
          UploadFields.LENGTH,
          UploadFields.OFFSET);

  /** Fields that choose a language or a character set, of which there is one each, and sessions. */
  private static final Set<String> UNUSED = names("Accept-Charset", "Accept-Language", "Cookie");

  private static final String API = "/v1/";

  HeaderValve() {
    super(true);
  }

  /** Whether the container could read a request's head; else there may be no method, no path. */
  static boolean hasHead(Response response) {
    return response.getStatus() < HttpServletResponse.SC_BAD_REQUEST;
  }

  private static Set<String> names(String... names) {
    var set = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    set.addAll(Set.of(names));
    return set;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    if (!hasHead(response)) {
      getNext().invoke(request, response);
      return;
    }
    MimeHeaders fields = request.getCoyoteRequest().getMimeHeaders();
    var removed = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    String refused = null;
    for (int i = 0; i < fields.size(); i++) {
      String name = fields.getName(i).toString();
      boolean odd = hasControls(fields.getValue(i).toString());
      if (odd && READ.contains(name)) {
        refused = name;
      } else if (odd || UNUSED.contains(name)) {
        removed.add(name);
      }
    }
    if (!request.getRequestURI().startsWith(API)) { // which says itself what it takes and gives
      if (isNoType(fields.getHeader("Content-Type"))) {
        removed.add("Content-Type");
      }
      if (isNoList(fields.getHeader("Accept"))) {
        removed.add("Accept");
      }
    }
    removed.forEach(fields::removeHeader);
    if (refused == null) {
      getNext().invoke(request, response);
    } else {
      Refusal refusal =
          Refusal.of(Problem.MALFORMED, "The field %s has a control character.".formatted(refused));
      Problems.write(response.getResponse(), refusal, refusal.problem().status());
    }
  }

  private static boolean hasControls(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.isISOControl(value.charAt(i)) && value.charAt(i) != '\t') {
        return true;
      }
    }
    return false;
  }

  private static boolean isNoType(@Nullable String type) {
    try {
      return type != null && !MediaType.parseMediaType(type).isConcrete();
    } catch (InvalidMediaTypeException e) {
      return true;
    }
  }

  private static boolean isNoList(@Nullable String accept) {
    if (accept == null) {
      return false;
    }
    try {
      return MediaType.parseMediaTypes(accept).isEmpty();
    } catch (InvalidMediaTypeException e) {
      return true;
    }
  }
}
