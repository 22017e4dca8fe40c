package io.fedstep.round;

import static java.util.stream.Collectors.toCollection;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.SecureAggregation;
import io.fedstep.privacy.Grid;
import io.fedstep.secure.BodyForm;
import io.fedstep.secure.Join;
import io.fedstep.secure.Opening;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.Shared;
import io.fedstep.vector.RowFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of masked updates: members join with keys, share their secrets, send what they mask,
 * and answer with the shares that open the sum (Bonawitz et al., Practical Secure Aggregation for
 * Privacy-Preserving Machine Learning, 2017).
 *
 * @param noise of which each member adds a share before it masks, or null
 */
public record SecureRounds(
    SecureAggregation secure, @Nullable DifferentialPrivacy noise, long parameters)
    implements Protocol {
  /** Clients join with their keys; each one's last message counts. */
  public static final String JOINING = "joining";

  /** Members send sealed shares of their secrets. */
  public static final String SHARING = "sharing";

  /** Members send masked updates. */
  public static final String COLLECTING = "collecting";

  /** Members answer with shares of what has to be opened. */
  public static final String UNMASKING = "unmasking";

  /** The stage of a close that finds sums which cannot be those of honest clients. */
  public static final String CLOSING = "closing";

  /** The stages that wait for messages, in their order. */
  public static final List<String> TIMED = List.of(JOINING, SHARING, COLLECTING, UNMASKING);

  /** The stages at which a round can be abandoned. */
  public static final List<String> STAGES = List.of(SHARING, COLLECTING, UNMASKING, CLOSING);

  /** Four keys or signatures, and the tag of the weights. */
  private static final int MOST_JOIN = 1024;

  /** As many sealed shares as there may be members. */
  private static final int MOST_SHARES = 32 * 1024;

  /** As many shares with their members' names, of 128 characters each. */
  private static final int MOST_ANSWER = 48 * 1024;

  /** The protocol of a model's rounds: this one, or that of updates in the clear. */
  public static Protocol of(ModelSpec spec) {
    return spec.secure() == null
        ? Plain.of(spec)
        : new SecureRounds(spec.secure(), spec.memberNoise(), spec.parameters());
  }

  private BodyForm form() {
    return secure.form(parameters);
  }

  @Override
  public List<Stage> stages() {
    RowFormat format = secure.bits() == Integer.SIZE ? RowFormat.WORD32 : RowFormat.WORD64;
    return List.of(
        new Stage(JOINING, new Payload.Document(MOST_JOIN)),
        new Stage(SHARING, new Payload.Document(MOST_SHARES)),
        new Stage(COLLECTING, new Payload.Row(format, form().bytes() / format.bytes())),
        new Stage(UNMASKING, new Payload.Document(MOST_ANSWER)));
  }

  @Override
  public boolean lastJoins() {
    return true;
  }

  @Override
  public Quorum first(RoundPolicy policy) {
    return new Quorum(policy.minUpdates(), policy.maxUpdates(), secure.joinTimeout(), true);
  }

  @Override
  public Quorum later(int stage, Members members, RoundPolicy policy) {
    int threshold = secure.threshold(members.roster());
    int least = Math.max(threshold, members.minUpdates());
    return switch (stages().get(stage).name()) {
      case SHARING -> Quorum.ofMembers(least, members.left(), secure.shareTimeout());
      case COLLECTING -> Quorum.ofMembers(least, members.left(), policy.timeout());
      default -> new Quorum(threshold, threshold, members.left(), secure.unmaskTimeout(), false);
    };
  }

  /** The roster of a round, which is fixed. */
  Roster roster(Round round, Basis basis) {
    return roster(basis, round.number(), round.base(), round.members(), round.documents(JOINING));
  }

  /** The same from parts of a round: its number and tag, its members and their joins. */
  public Roster roster(
      Basis basis,
      long round,
      String base,
      Members members,
      Map<String, Decision.Answered> joined) {
    var joins = new TreeMap<String, Join>();
    joined.forEach((client, answered) -> joins.put(client, Join.of(answered.document())));
    var facts =
        new RoundFacts(
            basis.model(),
            round,
            base,
            parameters,
            basis.weights(),
            secure.bits(),
            secure.fractionBits(members.maxUpdates()),
            noise == null ? Objects.requireNonNull(secure.values()).clip() : noise.clipNorm(),
            secure.maxWeight(),
            secure.metrics(),
            members.minUpdates(),
            noise == null ? null : noise.ofMembers());
    return new Roster(facts, secure.threshold(members.roster()), joins);
  }

  /** What members have sent in a stage, by client. */
  private static <T> SortedMap<String, T> documents(
      Round round, String stage, Function<String, T> read) {
    var documents = new TreeMap<String, T>();
    round
        .documents(stage)
        .forEach((client, answered) -> documents.put(client, read.apply(answered.document())));
    return documents;
  }

  /** The members whose updates are in. */
  private static SortedSet<String> online(Round round) {
    return round.view().stream().map(Decision.Accepted::client).collect(toCollection(TreeSet::new));
  }

  private Opening opening(Round round, Roster roster) {
    return Opening.of(
        roster,
        documents(round, SHARING, Shared::of),
        online(round),
        documents(round, UNMASKING, Revealed::of));
  }

  @Override
  public List<String> unopened(Round round, Basis basis) {
    if (!round.stageName().equals(UNMASKING)) {
      return List.of();
    }
    Opening opening = opening(round, roster(round, basis));
    opening.wipe();
    return opening.unopened();
  }

  @Override
  public Masked unopened(Round round) {
    int members = round.answers(0);
    return round.stage() == 0
        ? Masked.unopened(members, null, List.of())
        : Masked.unopened(members, secure.threshold(members), missing(round));
  }

  /** The members whose update is not in. */
  private static List<String> missing(Round round) {
    return round.documents(JOINING).keySet().stream()
        .filter(client -> !round.hasAnswered(round.course().rows(), client))
        .toList();
  }

  @Override
  public WordSums sums(Round round, Basis basis) {
    Roster roster = roster(round, basis);
    Opening opening = opening(round, roster);
    Grid noisy = noise == null ? null : noise.grid(parameters);
    return new MaskedSums(roster.facts(), opening, round.updates(), known(round, opening), noisy);
  }

  private Masked known(Round round, Opening opening) {
    Masked known = unopened(round);
    return new Masked(
        known.members(),
        Objects.requireNonNull(known.threshold()),
        known.missing(),
        opening.wrong(),
        null,
        known.metrics(),
        null);
  }
}
