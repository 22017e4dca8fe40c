package io.fedstep.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Turns at the processor. */
class TurnsTest {
  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void callers_comeOneAfterAnother() throws InterruptedException {
    var turns = new Turns(1);
    Turns.Turn first = turns.of("first");
    first.begin();
    var order = new ConcurrentLinkedQueue<String>();
    List<String> callers = List.of("many", "many", "many", "one", "many", "two");
    var done = new CountDownLatch(callers.size());
    for (String caller : callers) {
      Thread next =
          Thread.ofPlatform()
              .start(() -> {
                Turns.Turn turn = turns.of(caller);
                turn.begin();
                order.add(caller);
                turn.end();
                done.countDown();
              });
      awaitWaiting(next);
    }
    first.end();
    done.await();
    assertThat(order).containsExactly("many", "one", "two", "many", "many", "many");
  }

  @Test
  void turn_isPassedOnAfterAPiece() throws InterruptedException {
    var turns = new Turns(1);
    Turns.Turn lengthy = turns.of("a");
    lengthy.begin();
    var order = new ConcurrentLinkedQueue<String>();
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              Turns.Turn turn = turns.of("b");
              turn.begin();
              order.add("b");
              turn.end();
            });
    awaitWaiting(other);
    lengthy.worked(Turns.PIECE - 1);
    assertThat(order).isEmpty();
    lengthy.worked(1);
    order.add("a");
    lengthy.end();
    other.join();
    assertThat(order).containsExactly("b", "a");
  }

  @Test
  void noTurnIsHeld_whileBytesComeOrGo() throws IOException {
    var turns = new Turns(1);
    Turns.Turn turn = turns.of("a");
    byte[] bytes = new byte[3 * Turns.PIECE + 5];
    new Random(7).nextBytes(bytes);
    var sent = new ByteArrayOutputStream();
    OutputStream checked =
        new OutputStream() {
          @Override
          public void write(int value) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void write(byte[] part, int from, int length) {
            takeAndGive(turns);
            sent.write(part, from, length);
          }
        };
    try (var out = new OutputInTurns(checked, turn)) {
      out.write(bytes[0]);
      out.write(bytes, 1, bytes.length - 1);
    }
    assertThat(sent.toByteArray()).isEqualTo(bytes);
    takeAndGive(turns);
    var in =
        new InputInTurns(
            new ByteArrayInputStream(bytes) {
              @Override
              public synchronized int read(byte[] into, int from, int length) {
                takeAndGive(turns);
                return super.read(into, from, length);
              }
            },
            turn);
    assertThat(in.read()).isEqualTo(bytes[0] & 0xff);
    assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(bytes, 1, bytes.length));
    takeAndGive(turns); // behind the end none is held
  }

  /** Would wait without end if the only turn were held. */
  private static void takeAndGive(Turns turns) {
    Turns.Turn other = turns.of("b");
    other.begin();
    other.end();
  }
}
