package io.fedstep.contract;

import static java.util.stream.Collectors.joining;

import java.util.HexFormat;
import tools.jackson.databind.JsonNode;

/** Writes JSON as Python's {@code json.dumps} does, as far as optimizer states need it. */
final class PythonJson {
  private PythonJson() {}

  static String dumps(JsonNode node) {
    if (node.isObject()) {
      return node.properties().stream()
          .map(member -> string(member.getKey()) + ": " + dumps(member.getValue()))
          .collect(joining(", ", "{", "}"));
    }
    if (node.isArray()) {
      return node.values().stream().map(PythonJson::dumps).collect(joining(", ", "[", "]"));
    }
    if (node.isNull()) {
      return "null";
    }
    return node.isString() ? string(node.stringValue()) : number(node);
  }

  private static String number(JsonNode node) {
    String text = node.toString();
    if (!text.matches("-?\\d{1,15}(\\.\\d{1,5})?")) {
      throw new IllegalArgumentException("Python may write " + text + " otherwise");
    }
    return text;
  }

  private static String string(String text) {
    return text.chars().mapToObj(c -> escape((char) c)).collect(joining("", "\"", "\""));
  }

  private static String escape(char c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      default -> c >= ' ' && c <= '~' ? String.valueOf(c) : "\\u" + HexFormat.of().toHexDigits(c);
    };
  }
}
