package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/**
 * A line of JSON that carries its own checksum: {@code {"crc32c":"1a2b3c4d","entry":{...}}} and a
 * newline. The checksum is over the bytes of the entry. Documents of ours are one such line, a
 * journal is many.
 */
public final class CheckedLine {
  private static final byte[] HEAD = "{\"crc32c\":\"".getBytes(US_ASCII);
  private static final byte[] MIDDLE = "\",\"entry\":".getBytes(US_ASCII);
  private static final int ENTRY = HEAD.length + 8 + MIDDLE.length;

  private CheckedLine() {}

  /** The line of an entry, newline included. */
  public static byte[] encode(ObjectNode entry) {
    byte[] body = Json.write(entry);
    byte[] line = Arrays.copyOf(HEAD, ENTRY + body.length + 2);
    byte[] crc = Crc32c.hex(Crc32c.of(body)).getBytes(US_ASCII);
    System.arraycopy(crc, 0, line, HEAD.length, 8);
    System.arraycopy(MIDDLE, 0, line, HEAD.length + 8, MIDDLE.length);
    System.arraycopy(body, 0, line, ENTRY, body.length);
    line[line.length - 2] = '}';
    line[line.length - 1] = '\n';
    return line;
  }

  private static boolean framed(byte[] line) {
    int middle = HEAD.length + 8;
    return line.length >= ENTRY + 2
        && Arrays.equals(line, 0, HEAD.length, HEAD, 0, HEAD.length)
        && Arrays.equals(line, middle, ENTRY, MIDDLE, 0, MIDDLE.length)
        && line[line.length - 2] == '}'
        && line[line.length - 1] == '\n';
  }

  /** The entry of a line with its newline, or null if the line does not match its checksum. */
  public static @Nullable ObjectNode decode(byte[] line) {
    if (!framed(line)) {
      return null;
    }
    byte[] body = Arrays.copyOfRange(line, ENTRY, line.length - 2);
    String crc = new String(line, HEAD.length, 8, US_ASCII);
    if (!crc.equals(Crc32c.hex(Crc32c.of(body)))) {
      return null;
    }
    try {
      return Json.read(body) instanceof ObjectNode entry ? entry : null;
    } catch (JacksonException e) {
      return null;
    }
  }
}
