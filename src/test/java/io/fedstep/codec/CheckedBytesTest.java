package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/** Checksums, lines that carry one, and hex. */
class CheckedBytesTest {
  @Test
  void checksum_isCastagnolis() {
    assertThat(Crc32c.hex(Crc32c.of("123456789".getBytes(US_ASCII)))).isEqualTo("e3069283");
    assertThat(Crc32c.digest(Crc32c.of(new byte[0]))).isEqualTo("crc32c:00000000");
    ByteBuffer bytes = ByteBuffer.wrap("xx123456789".getBytes(US_ASCII)).position(2);
    assertThat(Crc32c.hex(Crc32c.of(bytes))).isEqualTo("e3069283");
    assertThat(bytes.remaining()).isEqualTo(9);
  }

  @Test
  void concatenatedChecksums_areThatOfTheWhole() {
    var random = new Random(1);
    int[] lengths = {0, 1, 2, 3, 4, 7, 8, 9, 255, 256, 65_535, 65_536, 1_000_003};
    for (int round = 0; round < 60; round++) {
      int a = lengths[random.nextInt(lengths.length)];
      int b = round < lengths.length ? lengths[round] : random.nextInt(3000);
      byte[] both = new byte[a + b];
      random.nextBytes(both);
      int crc =
          Crc32c.concat(
              Crc32c.of(Arrays.copyOf(both, a)), Crc32c.of(Arrays.copyOfRange(both, a, a + b)), b);
      assertThat(crc).as("%s and %s bytes", a, b).isEqualTo(Crc32c.of(both));
    }
  }

  @Test
  void concatenation_isAssociative_beyondTwoGigabytes() {
    long length = 5_000_000_011L;
    int first = Crc32c.concat(Crc32c.concat(1, 2, length), 3, 7);
    assertThat(first).isEqualTo(Crc32c.concat(1, Crc32c.concat(2, 3, 7), length + 7));
  }

  @Test
  void joinedChecksum_isThatOfTheWhole_inAnyOrder() {
    var random = new Random(2);
    for (int round = 0; round < 30; round++) {
      byte[] bytes = new byte[random.nextInt(5000)];
      random.nextBytes(bytes);
      var offsets = new ArrayList<>(List.of(0, bytes.length));
      random.ints(random.nextInt(9), 0, bytes.length + 1).forEach(offsets::add);
      Collections.sort(offsets);
      var order = new ArrayList<>(IntStream.range(1, offsets.size()).boxed().toList());
      Collections.shuffle(order, random);
      var joined = new JoinedCrc32c();
      for (int piece : order) {
        int from = offsets.get(piece - 1);
        int length = offsets.get(piece) - from;
        joined.add(from, length, Crc32c.of(ByteBuffer.wrap(bytes, from, length)));
      }
      assertThat(joined.of(bytes.length)).as("round %s", round).isEqualTo(Crc32c.of(bytes));
      assertThat(joined.of(bytes.length + 1)).isNull();
      joined.add(bytes.length + 1, 1, 5);
      assertThat(joined.of(bytes.length + 2)).isNull();
    }
  }

  @Test
  void joinedChecksum_ofAPieceThatCameTwice_isNone() {
    var joined = new JoinedCrc32c();
    joined.add(0, 3, 1);
    joined.add(0, 3, 1);
    assertThat(joined.of(3)).isNull();
    assertThat(joined.of(6)).isNull();
  }

  private static ObjectNode entry() {
    return Json.object().put("name", "é\n😀").put("value", 0.1);
  }

  @Test
  void line_readsBack() {
    byte[] line = CheckedLine.encode(entry());
    assertThat(CheckedLine.decode(line)).isEqualTo(entry());
    assertThat(new String(line, UTF_8)).endsWith("}\n").matches("[{]\"crc32c\":\"[0-9a-f]{8}.*\n");
    assertThat(new String(line, UTF_8).indexOf('\n'))
        .isEqualTo(new String(line, UTF_8).length() - 1);
  }

  @Test
  void line_withAnyBitFlipped_isNone() {
    byte[] line = CheckedLine.encode(entry());
    for (int bit = 0; bit < 8 * line.length; bit++) {
      byte[] flipped = line.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(CheckedLine.decode(flipped)).as("bit %s", bit).isNull();
    }
  }

  @Test
  void line_cutOrLengthened_isNone() {
    byte[] line = CheckedLine.encode(entry());
    for (int length = 0; length < line.length; length++) {
      byte[] cut = Arrays.copyOf(line, length);
      assertThat(CheckedLine.decode(cut)).isNull();
      if (length > 0) {
        cut[length - 1] = '\n';
        assertThat(CheckedLine.decode(cut)).isNull();
      }
    }
    byte[] longer = Arrays.copyOf(line, line.length + 1);
    longer[line.length] = '\n';
    assertThat(CheckedLine.decode(longer)).isNull();
    // a matching checksum of what is no object
    String array = "[1]";
    String crc = Crc32c.hex(Crc32c.of(array.getBytes(US_ASCII)));
    String text = "{\"crc32c\":\"%s\",\"entry\":%s}\n".formatted(crc, array);
    assertThat(CheckedLine.decode(text.getBytes(US_ASCII))).isNull();
  }

  @Test
  void hex_isThatOfTheJdk_inEitherCase() {
    byte[] bytes = new byte[256];
    for (int i = 0; i < 256; i++) {
      bytes[i] = (byte) i;
    }
    byte[] text = new byte[512];
    Hex.encode(bytes, 0, 256, text);
    assertThat(new String(text, US_ASCII)).isEqualTo(HexFormat.of().formatHex(bytes));
    for (HexFormat form : new HexFormat[] {HexFormat.of(), HexFormat.of().withUpperCase()}) {
      byte[] decoded = new byte[257];
      byte[] given = form.formatHex(bytes).getBytes(US_ASCII);
      assertThat(Hex.decode(given, 0, 256, decoded, 1)).isTrue();
      assertThat(Arrays.copyOfRange(decoded, 1, 257)).isEqualTo(bytes);
    }
  }

  @Test
  void hex_ofAnyOtherCharacter_isNone() {
    for (int c = 0; c < 256; c++) {
      for (int place = 0; place < 4; place++) {
        byte[] text = "00ff".getBytes(US_ASCII);
        text[place] = (byte) c;
        boolean digit = c < 128 && Character.digit(c, 16) >= 0;
        assertThat(Hex.decode(text, 0, 2, new byte[2], 0)).isEqualTo(digit);
      }
    }
  }

  @Test
  void hex_ofAnyCharacter_isReadOnlyIfItIsADigit() {
    for (int place = 0; place < 24; place++) {
      for (int c = 0; c < 256; c++) {
        byte[] text = "0123456789abcdef01234567".getBytes(US_ASCII);
        text[place] = (byte) c;
        boolean digit = c < 128 && Character.digit(c, 16) >= 0;
        byte[] bytes = new byte[12];
        assertThat(Hex.decode(text, 0, 12, bytes, 0)).as("%s at %s", c, place).isEqualTo(digit);
        if (digit) {
          assertThat(bytes).isEqualTo(HexFormat.of().parseHex(new String(text, US_ASCII)));
        }
      }
    }
  }
}
