package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Each value rounded once to each smaller format, against a reference. */
@BesideOthers
class HalfFormatTest {
  @ParameterizedTest
  @EnumSource
  void values_areRoundedOnce_tiesToEven(Dtype dtype) {
    JsonNode golden = ThinGoldens.json("halves").required("rounding").required(dtype.label());
    byte[] values = HexFormat.of().parseHex(golden.required("values").stringValue());
    Tile one = Tile.zeros(dtype, 1);
    for (HalfFormat format : HalfFormat.of(dtype)) {
      byte[] expected = HexFormat.of().parseHex(golden.required(format.label()).stringValue());
      JsonNode finite = golden.required("finite").required(format.label());
      assertThat(finite.size()).isEqualTo(values.length / dtype.bytes());
      for (int i = 0; i < finite.size(); i++) {
        one.read(MemorySegment.ofArray(values), (long) i * dtype.bytes());
        byte[] rounded = new byte[format.width()];
        int beyond = format.round(one, rounded);
        String what = "%s as %s".formatted(one.get(0), format);
        assertThat(beyond).as(what).isEqualTo(finite.get(i).booleanValue() ? -1 : 0);
        if (beyond < 0) {
          assertThat(HexFormat.of().formatHex(rounded))
              .as(what)
              .isEqualTo(
                  HexFormat.of().formatHex(expected, i * format.width(), (i + 1) * format.width()));
        }
      }
    }
  }
}
