package io.fedstep.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The file of a client's controls, which the Java and the Python client read and write alike. */
class ControlsFileTest {
  private static final ControlsFile.Owner OWNER = new ControlsFile.Owner("drift", "alice");

  private static Layout layout(Download dtype) {
    return new Layout(
        dtype,
        List.of(
            new Layout.Tensor("w", 0, List.of(2L, 3L), 0, 6, true),
            new Layout.Tensor("averaged", 1, List.of(2L), 6, 2, false),
            new Layout.Tensor("é:b", 2, List.of(), 8, 1, true)));
  }

  /** Of six values of {@code w} and one of {@code é:b}. */
  private static byte[] control(int round, Download dtype) {
    ByteBuffer values = ByteBuffer.allocate(7 * dtype.width()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 6; i++) {
      dtype.put(round + i / 8.0, values);
    }
    dtype.put(round - 1 / 3.0, values);
    return values.array();
  }

  private static byte[] golden(String client, Download dtype) {
    return ThinGoldens.file("controls-%s.%s.safetensors".formatted(client, dtype.label()));
  }

  @ParameterizedTest
  @CsvSource({"java, FLOAT32", "java, FLOAT64", "python, FLOAT32", "python, FLOAT64"})
  void fileOfEitherClient_isRead(String client, Download dtype) throws Exception {
    ControlsFile file = ControlsFile.read(golden(client, dtype));
    assertThat(file.owner()).isEqualTo(OWNER);
    assertThat(file.controls()).containsOnlyKeys(3L, 12L);
    file.controls()
        .forEach(
            (round, control) -> assertThat(control).isEqualTo(control(round.intValue(), dtype)));
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64"})
  void file_isWhatPythonReads(Download dtype) {
    byte[] file =
        new ControlsFile(
                OWNER, new TreeMap<>(Map.of(3L, control(3, dtype), 12L, control(12, dtype))))
            .write(layout(dtype));
    assertThat(file).isEqualTo(golden("java", dtype));
  }
}
