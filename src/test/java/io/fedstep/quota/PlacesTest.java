package io.fedstep.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.local.Rig;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Places that are shared out. */
class PlacesTest {
  private static Places of(int total, double share) {
    return new Places("are here", "some.key", total, share, Problem.NOT_READY, 7);
  }

  private static Refusal refusal(Places places, @Nullable String holder) {
    return Rig.refusal(() -> {
      try (var place = places.acquire(holder)) {
        assertThat(place).isNull();
      }
    });
  }

  @Test
  void holder_hasItsShare_andOthersTheRest() {
    Places places = of(4, 0.5);
    var held = new ArrayList<>(List.of(places.acquire("alice"), places.acquire("alice")));
    Refusal refusal = refusal(places, "alice");
    assertThat(refusal.problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
    assertThat(refusal.detail())
        .isEqualTo("2 are here for 'alice', its share (fedstep.limits.share) of 4 (some.key).");
    assertThat(refusal.retryAfter()).isEqualTo(7);
    held.add(places.acquire("bob"));
    held.add(places.acquire(null));
    assertThat(refusal(places, "carol").problem()).isEqualTo(Problem.NOT_READY);
    held.getFirst().close();
    held.getFirst().close(); // gives back what it took, no more
    places.acquire("alice").close();
    held.forEach(Places.Place::close);
    held.set(0, places.acquire("carol"));
    held.set(1, places.acquire("carol"));
    assertThat(refusal(places, "carol").problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
  }

  @Test
  void whoeverSharesNothingOut_mayHaveAll() {
    Places places = of(2, 0.5);
    try (var first = places.acquire(null);
        var second = places.acquire(null)) {
      assertThat(first).isNotEqualTo(second);
      assertThat(refusal(places, "alice").problem()).isEqualTo(Problem.NOT_READY);
    }
  }

  @Test
  void share_isOnePlaceAtLeast_andAllAtOne() {
    of(1, 0.001).acquire("alice").close();
    Places whole = of(2, 1);
    try (var first = whole.acquire("alice");
        var second = whole.acquire("alice")) {
      assertThat(first).isNotEqualTo(second);
    }
  }

  @Test
  void whatIsThereInAnyCase_isTakenBeyondTheLimit() {
    Places places = of(1, 1);
    List<Places.Place> there = List.of(places.add(), places.add());
    assertThat(places.taken()).isEqualTo(2);
    assertThat(refusal(places, null).problem()).isEqualTo(Problem.NOT_READY);
    there.getFirst().close();
    there.getFirst().close();
    assertThat(places.taken()).isEqualTo(1);
    assertThat(refusal(places, null).problem()).isEqualTo(Problem.NOT_READY);
    there.getLast().close();
    places.acquire(null).close();
    assertThat(places.taken()).isZero();
  }

  @Test
  void placeThatIsWaitedFor_isTakenOnceItIsFree() {
    Places places = of(1, 1);
    Places.Place first = places.acquire("alice");
    var second = CompletableFuture.supplyAsync(() -> places.acquire("bob", Duration.ofSeconds(30)));
    assertThat(second).isNotDone();
    first.close();
    second.join().close();
  }
}
