package io.fedstep.coordinator;

import io.fedstep.codec.VectorSink;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import io.fedstep.store.StorageException;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An update on its way in: the numbers go to {@link #sink()}, then {@link #submit} has it accepted
 * or compared. Closed in any case.
 */
public final class Upload implements AutoCloseable {
  /**
   * The answer to an update that is in.
   *
   * @param update as it was accepted
   * @param repeated whether that was at an earlier request
   */
  public record Answer(Decision.Accepted update, boolean repeated) {}

  /** Lets an update begin that comes in several requests. */
  public interface Beginning {
    Upload begin(long round, String client, @Nullable String base);
  }

  /** Where a model's engine takes an update's numbers, and decides. */
  public interface Destination {
    /** Takes the numbers, as bytes of the flat vector. */
    VectorSink sink();

    /** Has the update decided whose numbers are all there; returns once that is durable. */
    Verdict<Decision.Accepted> submit(UpdateMetadata header, VectorSummary content);

    /** The refusal for numbers that could not be written. */
    Refusal failure(StorageException failure);

    /** The upload is over. */
    void end(boolean accepted);
  }

  private final ModelState state;
  private final long round;
  private final String client;
  private final RequestPlaces.@Nullable UploadPlace place;
  private final Decision.@Nullable Accepted earlier;
  private final @Nullable Destination destination;
  private boolean accepted;

  private Upload(
      ModelState state,
      long round,
      String client,
      RequestPlaces.@Nullable UploadPlace place,
      Decision.@Nullable Accepted earlier,
      @Nullable Destination destination) {
    this.state = state;
    this.round = round;
    this.client = client;
    this.place = place;
    this.earlier = earlier;
    this.destination = destination;
  }

  /**
   * Begins what was let in; if {@code earlier} is there, it is only compared with that.
   *
   * @param round that it was computed for
   * @param holder of its place
   */
  public static Upload begin(
      ModelState state,
      long round,
      String client,
      @Nullable String holder,
      Decision.@Nullable Accepted earlier,
      Supplier<Destination> destination) {
    RequestPlaces.UploadPlace place = state.engine().takeUpload(client, holder);
    try {
      return new Upload(
          state, round, client, place, earlier, earlier == null ? destination.get() : null);
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
  }

  /** The same of one that comes in several requests, each of which has a place while it lasts. */
  public static Upload begin(
      ModelState state,
      long round,
      String client,
      Decision.@Nullable Accepted earlier,
      Supplier<Destination> destination) {
    return new Upload(
        state, round, client, null, earlier, earlier == null ? destination.get() : null);
  }

  /** Whether its numbers are compared with an update that is in, which answers it. */
  public boolean compares() {
    return earlier != null;
  }

  /** The model's spec. */
  public ModelSpec spec() {
    return state.spec();
  }

  /**
   * Refuses before the numbers come what the head already shows to be wrong.
   *
   * @param isAll whether the body says no more beside them
   */
  public void check(UpdateMetadata known, boolean isAll) {
    if (compares()) {
      return;
    }
    Refusal heavy = BoundRules.ofWeight(spec().updateBound(), known.weight());
    Refusal refusal = heavy != null ? heavy : computedOtherwise(known, isAll);
    if (refusal != null) {
      throw refusal.exception();
    }
  }

  private @Nullable Refusal computedOtherwise(UpdateMetadata known, boolean isAll) {
    return state
        .locked(() ->
            state.round().number() == round || !spec().hasControls()
                ? Optional.ofNullable(ControlRules.of(state, client, known, isAll))
                : Optional.<Refusal>empty()) // too late, which is said once it is all there
        .orElse(null);
  }

  /** Where the numbers go. */
  public VectorSink sink() {
    if (destination == null) {
      return (offset, bytes) -> bytes.position(bytes.limit());
    }
    VectorSink sink = destination.sink();
    return (offset, bytes) -> {
      try {
        sink.write(offset, bytes);
      } catch (StorageException e) { // of this model, whatever has its name by now
        throw destination.failure(e).exception();
      }
    };
  }

  /** Asks for the update to be accepted; returns once that is durable, or throws the refusal. */
  public Answer submit(UpdateMetadata header, VectorSummary content) {
    return switch (verdict(header, content)) {
      case Verdict.Enters(var update) -> {
        accepted = true;
        state.notes().leftOut(header, update.metrics());
        yield new Answer(update, false);
      }
      case Verdict.Repeats(var earlier) -> new Answer(earlier, true);
      case Verdict.Refused(var refusal) -> throw refusal.exception();
      case Verdict.Welcome<Decision.Accepted> _ ->
          throw new IllegalStateException("an admission is no answer");
    };
  }

  private Verdict<Decision.Accepted> verdict(UpdateMetadata header, VectorSummary content) {
    if (earlier != null) {
      return Round.repeat(earlier, header, content);
    }
    return Objects.requireNonNull(destination).submit(header, content);
  }

  @Override
  public void close() {
    if (place != null) {
      place.close();
    }
    if (destination != null) {
      destination.end(accepted);
    }
  }
}
