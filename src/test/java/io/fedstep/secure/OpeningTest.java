package io.fedstep.secure;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What members' answers open, whoever is missing and whoever answers wrongly. */
class OpeningTest {
  private static final int MEMBERS = 7;
  private static final int THRESHOLD = 4;

  private final List<TestMember> members =
      IntStream.range(0, MEMBERS).mapToObj(i -> new TestMember("m" + i, "b-0", 5)).toList();
  private final Roster roster = roster();
  private final Map<String, Shared> shared =
      members.stream()
          .collect(Collectors.toMap(TestMember::client, member -> member.share(roster)));

  private Roster roster() {
    var joins = new TreeMap<String, Join>();
    members.forEach(member -> joins.put(member.client(), member.join()));
    var facts = new RoundFacts("m", 0, "b-0", 3, new byte[32], 64, 20, 1.0, 8, List.of(), 3, null);
    return new Roster(facts, THRESHOLD, joins);
  }

  /** The answers of members whose update is in, when the others' is missing. */
  private Map<String, Revealed> answers(Collection<String> online, Collection<String> from) {
    List<String> missing =
        shared.keySet().stream().filter(client -> !online.contains(client)).toList();
    var answers = new TreeMap<String, Revealed>();
    for (TestMember member : members) {
      if (from.contains(member.client())) {
        answers.put(member.client(), member.reveal(roster, sealedFor(member), online, missing));
      }
    }
    return answers;
  }

  private Map<String, byte[]> sealedFor(TestMember member) {
    int index = Objects.requireNonNull(roster.member(member.client())).index();
    var sealed = new TreeMap<String, byte[]>();
    shared.forEach((client, its) -> {
      byte[] one = its.sealed().get(index);
      if (one != null) {
        sealed.put(client, one);
      }
    });
    return sealed;
  }

  private static Revealed spoiled(Revealed answer) {
    var self = new TreeMap<String, byte[]>();
    answer
        .self()
        .forEach((client, share) -> {
          byte[] other = share.clone();
          other[3] ^= 1;
          self.put(client, other);
        });
    return new Revealed(self, answer.key());
  }

  private static Set<String> names(int... numbers) {
    return Arrays.stream(numbers).mapToObj(i -> "m" + i).collect(Collectors.toSet());
  }

  @Test
  void answersOfTheThreshold_openAll() {
    Set<String> online = names(0, 2, 3, 5, 6);
    Opening opening = Opening.of(roster, shared, online, answers(online, names(2, 3, 5, 6)));
    assertThat(opening.unopened()).isEmpty();
    assertThat(opening.wrong()).isEmpty();
    assertThat(opening.masks()).hasSize(5 + 2 * 5);
  }

  @Test
  void fewerAnswersThanTheThreshold_openNothing() {
    Set<String> online = names(0, 1, 2, 3);
    Opening opening = Opening.of(roster, shared, online, answers(online, names(0, 1, 2)));
    assertThat(opening.unopened()).hasSize(MEMBERS);
  }

  @Test
  void wrongAnswer_isFoundWithOneMore() {
    Set<String> online = names(0, 1, 2, 3, 4, 5);
    Map<String, Revealed> answers = answers(online, names(0, 1, 3, 4));
    answers.computeIfPresent("m1", (_, answer) -> spoiled(answer));
    assertThat(Opening.of(roster, shared, online, answers).unopened())
        .isEqualTo(List.of("m0", "m1", "m2", "m3", "m4", "m5"));
    answers.putAll(answers(online, names(5)));
    Opening opening = Opening.of(roster, shared, online, answers);
    assertThat(opening.unopened()).isEmpty();
    assertThat(opening.wrong()).containsExactly("m1");
  }

  @Test
  void twoWrongAnswers_areTooMany() {
    Set<String> online = names(0, 1, 2, 3, 4, 5);
    Map<String, Revealed> answers = answers(online, names(0, 1, 2, 3, 4, 5));
    answers.computeIfPresent("m1", (_, answer) -> spoiled(answer));
    answers.computeIfPresent("m3", (_, answer) -> spoiled(answer));
    assertThat(Opening.of(roster, shared, online, answers).unopened()).contains("m0");
  }

  @Test
  void secretThatWasSharedWrongly_isNamed() {
    Set<String> online = names(0, 1, 2, 3, 4);
    shared.computeIfPresent("m2", (_, its) -> new Shared(new byte[32], its.sealed()));
    Opening opening = Opening.of(roster, shared, online, answers(online, online));
    assertThat(opening.unopened()).containsExactly("m2");
  }

  @Test
  void sumOfThoseWhoSent_isWhatTheirMasksLeave() {
    Set<String> online = names(1, 2, 4, 6);
    long[] sums = new long[3];
    for (TestMember member : members) {
      if (online.contains(member.client())) {
        byte[] update = member.update(roster, shared.keySet(), new double[] {0.5, -0.25, 0.125}, 2);
        LongBuffer sent = ByteBuffer.wrap(update).order(LITTLE_ENDIAN).asLongBuffer();
        for (int i = 0; i < sums.length; i++) {
          sums[i] += sent.get(i);
        }
      }
    }
    Opening opening = Opening.of(roster, shared, online, answers(online, online));
    var words = new Words();
    opening.masks().forEach(mask -> words.add(mask.opposite(), 0, Long.SIZE, sums, 3));
    assertThat(sums).containsExactly(4L << 20, -2L << 20, 1L << 20);
  }
}
