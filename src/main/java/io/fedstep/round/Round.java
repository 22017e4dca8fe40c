package io.fedstep.round;

import io.fedstep.model.RoundPolicy;
import io.fedstep.model.Secrets;
import io.fedstep.problem.Refusal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The open round of a model: in one stage after the other, then closed. A plain object for one
 * thread at a time; it knows only what it was told, so a replay of its decisions is the same round.
 */
public final class Round {
  private final Course course;
  private final long number;
  private final String base;
  private final Instant openedAt;
  private final Map<Key, Decision.Accepted> accepted = new TreeMap<>();
  private final Documents documents;
  private final MetricNames names = new MetricNames();
  private final List<Decision.StageClosed> over = new ArrayList<>();
  private Instant stageBegan;
  private Decision.@Nullable Passed passed;
  private Decision.@Nullable Closed closed;
  private Decision.@Nullable Abandoned abandoned;

  /**
   * The version that an update was computed from.
   *
   * @param version its number
   * @param base the tag of its weights, or null if that is not known any more
   */
  public record Origin(long version, @Nullable String base) {}

  /** A client has one update from a version; updates are aggregated in the order of these keys. */
  private record Key(String client, long from) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int clients = client.compareTo(other.client);
      return clients != 0 ? clients : Long.compare(from, other.from);
    }
  }

  /** Opens a round of updates in the clear. */
  public Round(long number, String base, Instant openedAt) {
    this(Course.PLAIN, number, base, openedAt);
  }

  /** Opens round {@code number}, which trains from the weights with the tag {@code base}. */
  public Round(Course course, long number, String base, Instant openedAt) {
    this.course = course;
    documents = new Documents(course);
    this.number = number;
    this.base = base;
    this.openedAt = openedAt;
    stageBegan = openedAt;
  }

  /** Whether a client may send an update's numbers, given the base that it names. */
  public Verdict<Decision.Accepted> admit(
      String client, Origin origin, @Nullable String namedBase) {
    Decision.Accepted earlier = update(client, origin.version());
    if (earlier != null) {
      return new Verdict.Repeats<>(earlier);
    }
    Refusal refusal = refusal(client, origin, namedBase);
    return refusal == null ? new Verdict.Welcome<>() : new Verdict.Refused<>(refusal);
  }

  /**
   * Whether an update with its numbers in {@code row} is accepted; the decision is to be applied.
   */
  public Verdict<Decision.Accepted> accept(
      String client,
      Origin origin,
      int row,
      UpdateMetadata metadata,
      VectorSummary summary,
      Instant now) {
    Decision.Accepted earlier = update(client, origin.version());
    if (earlier != null) {
      return repeat(earlier, metadata, summary);
    }
    Refusal refusal = refusal(client, origin, metadata.base());
    if (refusal != null) {
      return new Verdict.Refused<>(refusal);
    }
    return new Verdict.Enters<>(
        new Decision.Accepted(
            client,
            row,
            metadata.weight(),
            names.kept(metadata.metrics()),
            summary,
            now,
            accepted.size() + 1,
            number - origin.version(),
            metadata.signature(),
            metadata.local()));
  }

  /** Compares an update with the one that its client has in a round, open or over. */
  public static Verdict<Decision.Accepted> repeat(
      Decision.Accepted earlier, UpdateMetadata metadata, VectorSummary summary) {
    Double rate = earlier.local() == null ? null : (Double) earlier.local().rate();
    if (earlier.summary().digest().equals(summary.digest())
        && earlier.weight() == metadata.weight()
        && Objects.equals(rate, metadata.localRate())) {
      return new Verdict.Repeats<>(earlier);
    }
    return new Verdict.Refused<>(RoundRefusals.differs(earlier, rate, metadata, summary));
  }

  /**
   * Whether a client's document enters a stage whose messages are documents; the decision is to be
   * applied.
   */
  public Verdict<Decision.Answered> answer(
      String stage, String client, String document, Instant now) {
    int index = course.index(stage);
    Decision.Answered earlier = documents.of(index).get(client);
    if (earlier != null && !(isReplaceable(index) && !earlier.document().equals(document))) {
      return Documents.repeat(earlier, document);
    }
    Refusal refusal = refusal(index, client);
    int answers = answers(index) + (earlier == null ? 1 : 0);
    return refusal != null
        ? new Verdict.Refused<>(refusal)
        : new Verdict.Enters<>(new Decision.Answered(stage, client, document, now, answers));
  }

  /** Whether another document takes the place of the one that its client has in a stage. */
  private boolean isReplaceable(int stage) {
    return course.lastJoins() && stage == 0 && stage() == 0 && closed == null;
  }

  /** Whether a client may send a document of a stage, or has sent one. */
  public Verdict<Decision.Answered> admit(String stage, String client) {
    int index = course.index(stage);
    Decision.Answered earlier = documents.of(index).get(client);
    if (earlier != null && !isReplaceable(index)) {
      return new Verdict.Repeats<>(earlier);
    }
    Refusal refusal = refusal(index, client);
    return refusal == null ? new Verdict.Welcome<>() : new Verdict.Refused<>(refusal);
  }

  private @Nullable Refusal refusal(String client, Origin origin, @Nullable String namedBase) {
    Refusal standing = refusal(course.rows(), client);
    if (standing != null) {
      return standing;
    }
    if (namedBase != null && origin.base() != null && !namedBase.equals(origin.base())) {
      return RoundRefusals.baseDiffers(origin.version(), origin.base(), namedBase);
    }
    return null;
  }

  /** The refusal of a new message in a stage, or null if its client may send one there now. */
  private @Nullable Refusal refusal(int stage, String client) {
    if (closed != null) {
      return RoundRefusals.over(number, number + 1);
    }
    if (stage > stage()) {
      return RoundRefusals.notYet(number, course.stages().get(stage), stageName());
    }
    if (stage > 0 && !hasAnswered(0, client)) {
      return RoundRefusals.noMember(number, client);
    }
    return stage < stage() || !mayAnswer(stage, client)
        ? RoundRefusals.missed(
            number, client, course.stages().get(stage < stage() ? stage : stage - 1))
        : null;
  }

  /** The decision to close; the round is closed once it is applied. */
  public Decision.Closed close(Decision.Cause by, Instant now) {
    return new Decision.Closed(by, now);
  }

  /**
   * The decision to end the stage that is under way, and with the last one the round.
   *
   * @param policy the model's
   */
  public Decision end(Decision.Cause by, RoundPolicy policy, Instant now) {
    return course.isLast(stage())
        ? close(by, now)
        : new Decision.StageClosed(stageName(), by, now, policy.minUpdates(), policy.maxUpdates());
  }

  /**
   * The decision to end the round without a result, for want of messages in its stage, or of what
   * they open.
   *
   * @param unopened the members whose secrets do not check out
   */
  public Decision.Abandoned abandon(Decision.Cause by, List<String> unopened, Instant now) {
    return new Decision.Abandoned(close(by, now), stageName(), missing(), unopened);
  }

  /** Applies a decision that is in the journal. */
  public void apply(Decision decision) {
    if (closed != null) {
      throw new IllegalStateException("a decision behind the close of round " + number);
    }
    switch (decision) {
      case Decision.Accepted update -> {
        checkStage(course.stages().get(course.rows()), update);
        var key = new Key(update.client(), number - update.staleness());
        if (accepted.put(key, update.with(names)) != null) {
          throw new IllegalStateException(
              "two updates of client '%s' in round %s".formatted(update.client(), number));
        }
      }
      case Decision.Answered answer -> {
        checkStage(answer.stage(), answer);
        documents.add(stage(), answer);
      }
      case Decision.Passed deadline -> passed = deadline;
      case Decision.StageClosed close -> {
        checkStage(close.stage(), close);
        over.add(close);
        stageBegan = close.at();
      }
      case Decision.StageResumed resumed -> {
        checkStage(resumed.stage(), resumed);
        stageBegan = resumed.at();
      }
      case Decision.Closed close -> closed = close;
      case Decision.Abandoned end -> {
        checkStage(end.stage(), end);
        closed = end.close();
        abandoned = end;
      }
    }
  }

  private void checkStage(String stage, Decision decision) {
    if (!stage.equals(stageName())) {
      throw new IllegalStateException(
          "%s while round %s is at '%s'".formatted(decision, number, stageName()));
    }
  }

  /** The round's number, which is the version that it trains from. */
  public long number() {
    return number;
  }

  /** The tag of the weights that it trains from. */
  public String base() {
    return base;
  }

  /** When it opened. */
  public Instant openedAt() {
    return openedAt;
  }

  /** The number of updates accepted. */
  public int updates() {
    return accepted.size();
  }

  /** The update that a client computed from a version, or null. */
  public Decision.@Nullable Accepted update(String client, long from) {
    return accepted.get(new Key(client, from));
  }

  /** The updates by client id, then version: the order in which they are aggregated. */
  public List<Decision.Accepted> inClientOrder() {
    return List.copyOf(accepted.values());
  }

  /** The updates as a view, not a copy, for the round's owner. */
  public Collection<Decision.Accepted> view() {
    return Collections.unmodifiableCollection(accepted.values());
  }

  // Stages

  /** The stages of this round. */
  public Course course() {
    return course;
  }

  /** The index of the stage that is under way, or was when the round was closed. */
  public int stage() {
    return over.size();
  }

  /** The name of that stage. */
  public String stageName() {
    return course.stages().get(stage());
  }

  /** The begin of that stage's time. */
  public Instant stageBegan() {
    return stageBegan;
  }

  /** How many clients have answered a stage. */
  public int answers(int stage) {
    return stage == course.rows() ? accepted.size() : documents.of(stage).size();
  }

  /** Whether a client has answered a stage. */
  public boolean hasAnswered(int stage, String client) {
    return stage == course.rows()
        ? update(client, number) != null
        : documents.of(stage).containsKey(client);
  }

  private boolean mayAnswer(int stage, String client) {
    return stage == 0 || hasAnswered(stage - 1, client);
  }

  /** The documents of a stage by client id. */
  public SortedMap<String, Decision.Answered> documents(String stage) {
    return documents.of(course.index(stage));
  }

  /** The document that a member has sent in a stage. */
  public String document(String stage, String client) {
    return Objects.requireNonNull(documents(stage).get(client)).document();
  }

  /** Whether a client has sent anything. */
  public boolean hasMessages() {
    return answers(0) > 0;
  }

  /** The members of a round whose first stage is over. */
  public Members members() {
    Decision.StageClosed joined = over.getFirst();
    return new Members(answers(0), answers(stage() - 1), joined.minUpdates(), joined.maxUpdates());
  }

  /** Who may answer the stage that is under way and has not; nobody in the first. */
  public List<String> missing() {
    if (stage() == 0) {
      return List.of();
    }
    return clients(stage() - 1).filter(client -> !hasAnswered(stage(), client)).toList();
  }

  /** The last stage that each client has answered. */
  public SortedMap<String, String> reached() {
    var reached = new TreeMap<String, String>();
    for (int stage = 0; stage <= stage(); stage++) {
      String name = course.stages().get(stage);
      clients(stage).forEach(client -> reached.put(client, name));
    }
    return reached;
  }

  private Stream<String> clients(int stage) {
    return stage == course.rows()
        ? accepted.keySet().stream().map(Key::client)
        : documents.of(stage).keySet().stream();
  }

  /** The last deadline that passed and doubled the share, or null. */
  public Decision.@Nullable Passed passed() {
    return passed;
  }

  /** How many deadlines have passed and doubled the share under a policy. */
  public int passed(long policy) {
    return passed != null && passed.policy() == policy ? passed.times() : 0;
  }

  /** The close, or null while the round collects updates. */
  public Decision.@Nullable Closed closed() {
    return closed;
  }

  /** The decision to end it without a result, or null. */
  public Decision.@Nullable Abandoned abandoned() {
    return abandoned;
  }

  /** The decision that has ended it, with a result or without; null while it goes on. */
  public @Nullable Decision ending() {
    return abandoned != null ? abandoned : closed;
  }

  /** What the noise of its close follows from, with a secret of its model's. */
  public Secrets secrets(String ofModel) {
    NoiseKey key = closed == null ? null : closed.noiseKey();
    return key == null ? new Secrets(ofModel) : new Secrets(ofModel, key.bytes());
  }
}
