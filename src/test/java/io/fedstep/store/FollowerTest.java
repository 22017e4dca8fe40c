package io.fedstep.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.local.FakeClock;
import io.fedstep.local.Rig;
import io.fedstep.model.ModelSpec;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes on one folder: one makes versions, the other is told of them. */
@BesideOthers
class FollowerTest {
  private static final int KEPT_VERSIONS = 2;
  private static final int KEPT_ROUNDS = 1;
  private static final ModelHead HEAD = head(false);

  private DataFolder data;
  private ModelFolder maker;
  private ModelFolder other;

  private static ModelHead head(boolean stopped) {
    ModelSpec spec =
        SpecCodec.read(
            Json.readObject(new ByteArrayInputStream(Rig.plain(1, 1, 1).getBytes(UTF_8))));
    return new ModelHead("toy", "0a1b2c3d", FakeClock.START, spec, stopped, -1, "5ec3e7");
  }

  @BeforeEach
  void create(@TempDir Path folder) {
    data = DataFolder.shared(Unforced.disk(), folder);
    data.create(HEAD);
    VersionInfo zeros = Version.zeros(HEAD);
    maker = data.follow(HEAD, zeros, KEPT_VERSIONS);
    other = data.follow(HEAD, zeros, KEPT_VERSIONS);
  }

  @AfterEach
  void close() {
    maker.close();
    other.close();
    data.close();
  }

  private VersionInfo makeNext() {
    long number = maker.newest().info().version() + 1;
    var round = new Round(number - 1, maker.newest().info().base(), FakeClock.START);
    var record =
        RoundRecord.of(
            round, RoundRecord.Outcome.COMPLETED, HEAD.spec(), 1, FakeClock.START, null, null);
    SharedDrafts drafts = maker.follower().drafts();
    try (VersionDraft draft = drafts.fresh()) {
      draft.copyWeights(maker.newest());
      draft.copyState(maker.newest());
      var info =
          new VersionInfo(
              number,
              VersionInfo.MadeBy.ROUND,
              maker.base(number),
              FakeClock.START,
              draft.weightsDigest());
      maker.publish(maker.follower().versionMade(drafts.commit(draft, info, record)));
      return info;
    }
  }

  private void tell(VersionInfo made) {
    other.publish(other.follower().versionMade(made));
  }

  @Test
  void version_isSeen_onceItIsPublished() {
    VersionInfo made = makeNext();
    assertThat(other.newest().info().version()).isZero();
    tell(made);
    assertThat(other.newest().info()).isEqualTo(made);
    other.newest().verify();
    assertThat(other.versions()).extracting(one -> one.info().version()).containsExactly(1L, 0L);
  }

  @Test
  void pruned_recordIsFound_whereverItIs() {
    for (int i = 0; i < 4; i++) {
      tell(makeNext());
      other.follower().pruned(KEPT_VERSIONS, KEPT_ROUNDS);
    }
    assertThat(other.version(2)).isNull();
    assertThat(Objects.requireNonNull(other.record(1)).round()).isEqualTo(1); // with its version
    maker.prune(KEPT_VERSIONS, KEPT_ROUNDS);
    assertThat(Objects.requireNonNull(other.record(1)).round()).isEqualTo(1); // beside the others
    assertThat(other.record(0)).isNull();
    assertThat(other.recorded(4, 10)).containsExactly(3L, 2L, 1L).isEqualTo(maker.recorded(4, 10));
  }

  @Test
  void head_isTheOneThatWasSaved() {
    maker.save(head(true));
    assertThat(other.head().stopped()).isFalse();
    other.follower().headSaved(head(true));
    assertThat(other.head()).isEqualTo(data.head("toy"));
  }

  @Test
  void head_isSavedAgain_whereAnotherIsThere() {
    other.follower().headSaved(head(true));
    other.follower().saveHeadAgain();
    assertThat(data.head("toy")).isEqualTo(head(true));
  }

  @Test
  void opened_hasTheVersionsThatAreThere_upToTheOneItKnows() {
    makeNext();
    VersionInfo second = makeNext();
    makeNext();
    try (ModelFolder late = data.follow(HEAD, second, KEPT_VERSIONS)) {
      assertThat(late.versions()).extracting(one -> one.info().version()).containsExactly(2L, 1L);
    }
    try (ModelFolder late = data.follow(HEAD, second, 3)) { // the zeros have no folder
      assertThat(late.versions()).hasSize(3);
    }
  }
}
