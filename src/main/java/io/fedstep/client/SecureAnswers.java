package io.fedstep.client;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Join;
import io.fedstep.secure.Member;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What a server tells the members of a secure round, read but not believed. */
final class SecureAnswers {
  private SecureAnswers() {}

  /** The members, once they are fixed, as the server lists them. */
  record Members(
      long round, String base, int threshold, int fractionBits, String digest, List<Member> list) {
    static Members of(JsonNode answer) throws UnsafeException {
      var members = new ArrayList<Member>();
      for (JsonNode one : answer.path("members").values()) {
        Join join =
            new Join(
                bytes(one, "mask_key"),
                bytes(one, "share_key"),
                answer.path("base").asString(""),
                bytesOrNull(one, "identity"),
                bytesOrNull(one, "signature"));
        members.add(new Member(one.path("index").asInt(0), one.path("client").asString(""), join));
      }
      return new Members(
          answer.path("round").asLong(-1),
          answer.path("base").asString(""),
          answer.path("threshold").asInt(0),
          answer.path("fraction_bits").asInt(0),
          answer.path("digest").asString(""),
          List.copyOf(members));
    }
  }

  /** What is to be opened, as the server asks for it. */
  record Unmasking(List<String> online, List<String> missing, Map<String, byte[]> signatures) {
    static Unmasking of(JsonNode answer) throws UnsafeException {
      return new Unmasking(
          names(answer.path("online")),
          names(answer.path("missing")),
          bytesByName(answer.path("signatures")));
    }

    private static List<String> names(JsonNode array) {
      return array.valueStream().map(name -> name.asString("")).toList();
    }
  }

  /** The members of an object whose values are bytes; none of null. */
  static Map<String, byte[]> bytesByName(JsonNode object) throws UnsafeException {
    var bytes = new LinkedHashMap<String, byte[]>();
    for (String name : object.propertyNames()) {
      bytes.put(name, bytes(object, name));
    }
    return bytes;
  }

  private static byte[] bytes(JsonNode object, String name) throws UnsafeException {
    byte[] bytes = bytesOrNull(object, name);
    if (bytes == null) {
      throw new UnsafeException("the server leaves out '" + name + "'");
    }
    return bytes;
  }

  private static byte @Nullable [] bytesOrNull(JsonNode object, String name)
      throws UnsafeException {
    JsonNode text = object.path(name);
    if (text.isNull() || text.isMissingNode()) {
      return null;
    }
    byte[] bytes = Base64Url.bytes(text.asString(""));
    if (bytes == null) {
      throw new UnsafeException("'" + name + "' is not base64url");
    }
    return bytes;
  }
}
