package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.HalfFormat;
import io.fedstep.coordinator.Limits;
import io.fedstep.store.FileRange;
import io.fedstep.store.Half;
import io.fedstep.store.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of weights in half the bytes, and of what differs between them. */
class HalfFilesTest {
  private static final String M = "toy";
  private static final String FILE = "weights.bfloat16.safetensors";
  private static final String DELTA = "weights.bfloat16.xor.plain";
  private static final String BEGUN = "weights.bfloat16.a.new";
  private static final Limits TWO = new Limits(2, 3, 1_000_000, 100, 1024, 100, 1000, 2);

  private final AtomicInteger made = new AtomicInteger();

  private byte[] half(Version version) {
    Half half =
        version.half(
            HalfFormat.BFLOAT16,
            (content, to) -> {
              made.incrementAndGet();
              try (to) {
                content.write(to);
              }
            });
    return Rig.bytes(((Half.There) half).bytes());
  }

  private byte[] half(Rig rig, long version) {
    return half(rig.coordinator().version(M, version));
  }

  private byte @Nullable [] delta(Rig rig, long version) {
    Half.Making plain =
        (content, to) -> {
          made.incrementAndGet();
          content.write(to);
        };
    FileRange delta =
        rig.coordinator()
            .version(M, version)
            .delta(
                rig.coordinator().version(M, version - 1),
                HalfFormat.BFLOAT16,
                "plain",
                plain,
                plain);
    return delta == null ? null : Rig.bytes(delta);
  }

  private static Path folder(Rig rig, long version) {
    return rig.folder(M).resolve("versions/000000" + version);
  }

  @Test
  void file_isMadeOnce_besideTheVersion_andGoesWithIt(@TempDir Path data) {
    try (Rig rig = Rig.on(data, TWO)) {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      byte[] first = half(rig, 1);
      assertThat(first).endsWith(0x80, 0xbf, 0x00, 0xc0, 0x40, 0xc0);
      assertThat(half(rig, 1)).isEqualTo(first);
      assertThat(made).hasValue(1);
      assertThat(folder(rig, 1).resolve(FILE)).hasBinaryContent(first);
      for (int round = 1; round < 8; round++) {
        rig.advance(M, 1, 1, 1);
        rig.settle(M);
        assertThat(folder(rig, round + 1)).isDirectoryNotContaining("glob:**" + FILE);
        assertThat(half(rig, round + 1)).hasSameSizeAs(first).isNotEqualTo(first);
      }
      assertThat(folder(rig, 1)).doesNotExist();
    }
  }

  @Test
  void restart_removesWhatWasBegun_andReadsNoHalfOfAnotherProcess(@TempDir Path data)
      throws IOException {
    Rig rig = Rig.on(data);
    try {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      byte[] whole = half(rig, 1);
      Files.write(folder(rig, 1).resolve(BEGUN), new byte[5]);
      Files.write(folder(rig, 1).resolve(FILE), new byte[5]); // as a failing disk has it
      rig = rig.restarted();
      assertThat(folder(rig, 1).resolve(BEGUN)).doesNotExist();
      assertThat(half(rig, 1)).isEqualTo(whole);
      assertThat(folder(rig, 1).resolve(FILE)).hasBinaryContent(whole);
    } finally {
      rig.close();
    }
  }

  @Test
  void halfThatCannotBeWritten_isComputed(@TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      Files.createDirectories(folder(rig, 1).resolve(FILE).resolve("in the way"));
      assertThat(half(rig, 1)).endsWith(0x80, 0xbf, 0x00, 0xc0, 0x40, 0xc0);
    }
  }

  @Test
  void delta_isMadeOnce_andGoesWithItsVersion(@TempDir Path data) {
    try (Rig rig = Rig.on(data, TWO)) {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      rig.advance(M, -1, -2, -6);
      byte[] first = delta(rig, 2);
      assertThat(first).containsExactly(0x80, 0x00, 0x00, 0xbf, 0xc0, 0x80);
      assertThat(made).hasValue(3); // and two halves
      assertThat(delta(rig, 2)).isEqualTo(first);
      assertThat(made).hasValue(3);
      assertThat(folder(rig, 2).resolve(DELTA)).hasBinaryContent(first);
      for (int round = 2; round < 8; round++) {
        rig.advance(M, 1, 1, 1);
        rig.settle(M);
        assertThat(folder(rig, round + 1)).isDirectoryNotContaining("glob:**" + DELTA);
        assertThat(delta(rig, round + 1)).hasSameSizeAs(first).isNotEqualTo(first);
      }
    }
  }

  @Test
  void restart_makesDeltasAnew(@TempDir Path data) throws IOException {
    Rig rig = Rig.on(data);
    try {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      byte[] whole = delta(rig, 1);
      Files.write(folder(rig, 1).resolve(DELTA), new byte[2]);
      Files.write(folder(rig, 1).resolve(DELTA + ".a.new"), new byte[5]);
      rig = rig.restarted();
      assertThat(folder(rig, 1).resolve(DELTA + ".a.new")).doesNotExist();
      assertThat(delta(rig, 1)).isEqualTo(whole);
    } finally {
      rig.close();
    }
  }

  @Test
  void deltaThatCannotBeMade_isNone(@TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      rig.advance(M, 1, 2, 3);
      Files.createDirectories(folder(rig, 1).resolve(DELTA).resolve("in the way"));
      assertThat(delta(rig, 1)).isNull();
    }
  }

  @Test
  void deltaFromACorruptVersion_isNone(@TempDir Path data) throws IOException {
    Rig rig = Rig.on(data);
    try {
      rig.create(M, Rig.plain(3, 1, 1));
      rig.advance(M, 1, 2, 3);
      rig.advance(M, 1, 2, 3);
      rig = rig.restarted();
      Path before = folder(rig, 1).resolve("weights.safetensors");
      byte[] bytes = Files.readAllBytes(before);
      bytes[bytes.length - 1] ^= 1;
      Files.write(before, bytes);
      assertThat(delta(rig, 2)).isNull();
    } finally {
      rig.close();
    }
  }
}
