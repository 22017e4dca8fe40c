package io.fedstep.coordinator;

import io.fedstep.round.Basis;
import io.fedstep.round.Course;
import io.fedstep.round.Protocol;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRefusals;
import io.fedstep.round.SecureRounds;
import io.fedstep.round.WordSums;
import io.fedstep.secure.Roster;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.Version;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the members of a model's masked rounds agree on, and what their secrets open. */
public final class RoundSecrets {
  private final ModelFolder folder;
  private final Protocol protocol;
  private final WeightsHash weightsHash = new WeightsHash();
  private volatile @Nullable Fixed roster;

  /** The roster of the round that trains from a base. */
  private record Fixed(String base, Roster roster) {}

  RoundSecrets(ModelFolder folder, Protocol protocol) {
    this.folder = folder;
    this.protocol = protocol;
  }

  private Basis basis(Version from) {
    return new Basis(folder.head().model(), weightsHash.of(from));
  }

  /** The members whose secrets the answers of the open round's last stage do not open. */
  public List<String> unopened(Round open) {
    Course course = open.course();
    return course.isStaged() && course.isLast(open.stage())
        ? protocol.unopened(open, basis(folder.newest()))
        : List.of();
  }

  /** The sums of the closed round's rows of words; null where updates come in the clear. */
  public @Nullable WordSums sums(Round closed) {
    return closed.course().isStaged() ? protocol.sums(closed, basis(folder.newest())) : null;
  }

  /** The roster of the open round; reads its weights, unless that was done before. */
  Roster roster(SecureRounds rounds, OpenStages open) {
    Fixed known = roster;
    if (known == null || !known.base().equals(open.base())) {
      Version from = folder.version(open.number());
      if (from == null) {
        throw RoundRefusals.over(open.number(), open.number() + 1).exception();
      }
      known = new Fixed(open.base(), open.roster(rounds, basis(from)));
      roster = known;
    }
    return known.roster();
  }
}
