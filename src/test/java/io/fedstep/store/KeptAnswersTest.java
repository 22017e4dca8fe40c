package io.fedstep.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers are computed once; how many are kept is bounded; without a disk nothing else fails. */
class KeptAnswersTest {
  private static final int LENGTH = 1000;
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir private Path folder;
  private final AtomicInteger computed = new AtomicInteger();
  private volatile boolean isFull;
  private final Disk disk =
      new Disk(
          new Device() {
            @Override
            int write(Path file, FileChannel channel, ByteBuffer bytes, long offset)
                throws IOException {
              if (isFull) {
                throw new IOException("No space left on device");
              }
              return super.write(file, channel, bytes, offset);
            }
          });

  private KeptAnswers kept(long most) {
    return new KeptAnswers(disk, folder.resolve("answers"), most);
  }

  private void compute(OutputStream out) throws IOException {
    out.write(new byte[LENGTH - 1]);
    out.write(computed.incrementAndGet());
  }

  /** The number of the computation that an answer is of, or null where it is not kept. */
  private @Nullable Integer ask(KeptAnswers kept, String model, String key) {
    try (FileRange found = kept.file(model, key, LENGTH + 100, LONG, this::compute)) {
      return found == null ? null : number(found);
    }
  }

  private static int number(FileRange found) {
    assertThat(found.length()).isEqualTo(LENGTH);
    var last = ByteBuffer.allocate(1);
    found.read(LENGTH - 1, last);
    return last.get(0);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("answers"))) {
      return all.toList();
    }
  }

  @Test
  void answer_isComputedOnce() throws IOException {
    KeptAnswers kept = kept(100_000);
    assertThat(ask(kept, "toy", "1-0.gzip")).isEqualTo(1);
    assertThat(ask(kept, "toy", "1-0.gzip")).isEqualTo(1);
    assertThat(ask(kept, "toy", "1-0.zstd")).isEqualTo(2);
    assertThat(kept.bytes()).isEqualTo(2 * LENGTH);
    assertThat(files()).hasSize(2);
    kept(100_000);
    assertThat(files()).as("after a start").isEmpty();
    kept.close();
    assertThat(folder.resolve("answers")).doesNotExist();
  }

  @Test
  void folderOfAProcessThatEnded_goes_andOthersStay() throws IOException {
    Path ended = folder.resolve("fedstep-answers-" + Integer.MAX_VALUE); // more than there can be
    Path running = folder.resolve("fedstep-answers-1");
    Files.createDirectory(ended);
    Files.createDirectory(running);
    KeptAnswers kept = KeptAnswers.below(disk, folder, 100_000);
    assertThat(ended).doesNotExist();
    assertThat(running).exists();
    assertThat(ask(kept, "toy", "0")).isEqualTo(1);
    assertThat(folder.resolve("fedstep-answers-" + ProcessHandle.current().pid()))
        .isNotEmptyDirectory();
  }

  @Test
  void whoAsksMeanwhile_waitsForTheFirst() throws Exception {
    KeptAnswers kept = kept(100_000);
    var begun = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var first =
        CompletableFuture.supplyAsync(
            () ->
                kept.file(
                    "toy",
                    "1-0.gzip",
                    LENGTH,
                    LONG,
                    out -> {
                      begun.countDown();
                      awaits(goOn);
                      compute(out);
                    }),
            Thread::startVirtualThread);
    begun.await();
    assertThat(kept.file("toy", "1-0.gzip", LENGTH, Duration.ofMillis(1), this::compute)).isNull();
    var second =
        CompletableFuture.supplyAsync(
            () -> ask(kept, "toy", "1-0.gzip"), Thread::startVirtualThread);
    goOn.countDown();
    assertThat(second.get()).isEqualTo(1);
    Objects.requireNonNull(first.get()).close();
    assertThat(computed).hasValue(1);
  }

  private static void awaits(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void oldest_goesWhereThereIsNoRoom_butNotWhileItIsSent() throws IOException {
    KeptAnswers kept = kept(4 * (LENGTH + 100));
    for (String key : List.of("0", "1", "2", "3", "0")) {
      ask(kept, "toy", key);
    }
    ask(kept, "toy", "4"); // in place of 1
    assertThat(computed).hasValue(5);
    assertThat(files()).hasSize(4);
    assertThat(ask(kept, "toy", "0")).isEqualTo(1);
    assertThat(ask(kept, "toy", "1")).isEqualTo(6); // in place of 2
    try (FileRange sent = kept.file("toy", "3", LENGTH, LONG, this::compute)) {
      for (int i = 10; i < 20; i++) {
        ask(kept, "toy", "" + i);
      }
      assertThat(number(Objects.requireNonNull(sent))).isEqualTo(4);
      assertThat(ask(kept, "toy", "3")).isEqualTo(4);
    }
    assertThat(kept.bytes()).isEqualTo(4 * LENGTH);
    assertThat(files()).hasSize(4);
  }

  @Test
  void largeAnswer_andAnyWhereNoneAreKept_isNotKept() {
    try (KeptAnswers small = kept(KeptAnswers.PART * (LENGTH + 100) - 1)) {
      assertThat(ask(small, "toy", "0")).isNull();
    }
    assertThat(ask(kept(0), "toy", "0")).isNull();
    assertThat(computed).hasValue(0);
    assertThat(folder.resolve("answers")).doesNotExist();
  }

  @Test
  void answerLongerThanItSaid_isNotKept() throws IOException {
    KeptAnswers kept = kept(100_000);
    assertThat(kept.file("toy", "0", LENGTH - 1, LONG, this::compute)).isNull();
    assertThat(kept.bytes()).isZero();
    assertThat(files()).isEmpty();
  }

  @Test
  void moreThanTheMostFiles_areNotKept() throws IOException {
    KeptAnswers kept = kept(1L << 30);
    for (int i = 0; i < KeptAnswers.MOST_FILES + 3; i++) {
      ask(kept, "toy", "" + i);
    }
    assertThat(files()).hasSize(KeptAnswers.MOST_FILES);
  }

  @Test
  void deletedModel_isForgotten() throws IOException {
    KeptAnswers kept = kept(100_000);
    ask(kept, "toy", "0");
    ask(kept, "toys", "0");
    try (FileRange sent = kept.file("toy", "1", LENGTH, LONG, this::compute)) {
      kept.forget("toy");
      assertThat(files()).hasSize(2);
      assertThat(number(Objects.requireNonNull(sent))).isEqualTo(3);
    }
    assertThat(files()).hasSize(1);
    assertThat(kept.bytes()).isEqualTo(LENGTH);
    assertThat(ask(kept, "toys", "0")).isEqualTo(2);
    assertThat(ask(kept, "toy", "0")).isEqualTo(4);
  }

  @Test
  void failedDisk_keepsNothing_andNothingElseFails() throws IOException {
    KeptAnswers kept = kept(100_000);
    isFull = true;
    assertThat(ask(kept, "toy", "0")).isNull();
    assertThat(kept.bytes()).isZero();
    isFull = false;
    assertThat(files()).isEmpty();
    assertThat(ask(kept, "toy", "0")).isNotNull();
    Files.delete(files().getFirst());
    assertThat(ask(kept, "toy", "0")).isNull();
    assertThat(ask(kept, "toy", "0")).isNotNull();
    Files.delete(files().getFirst());
    Files.delete(folder.resolve("answers"));
    assertThat(ask(kept, "toy", "1")).isNull();
  }

  @Test
  void failureOfTheComputation_isTheCallers() throws IOException {
    KeptAnswers kept = kept(100_000);
    var failure = new StorageException("a version's file");
    assertThatThrownBy(() ->
            kept.file(
                "toy",
                "0",
                LENGTH,
                LONG,
                _ -> {
                  throw failure;
                }))
        .isSameAs(failure);
    assertThat(kept.bytes()).isZero();
    assertThat(files()).isEmpty();
    assertThat(ask(kept, "toy", "0")).isEqualTo(1);
  }
}
