package io.fedstep.kafka;

import io.fedstep.kafka.RangeMessage.OfRound;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import java.util.ArrayList;
import java.util.List;

/** The ranges of one model, as its leader tells them of its decisions. */
final class ModelRanges {
  private final ClusterModel model;
  private final Outbox outbox;
  private final List<RangeMessage.Admitted> admitted = new ArrayList<>();
  private final List<String> refused = new ArrayList<>();

  ModelRanges(ClusterModel model, Outbox outbox) {
    this.model = model;
    this.outbox = outbox;
  }

  /** The numbers of an upload are needed. */
  void admit(String upload, Decision.Accepted update) {
    admitted.add(new RangeMessage.Admitted(upload, update));
  }

  /** The numbers of an upload may go. */
  void refuse(String upload) {
    refused.add(upload);
  }

  /** Tells what came of uploads since the last call. */
  void tellVerdicts() {
    if (!admitted.isEmpty() || !refused.isEmpty()) {
      tell(
          new RangeMessage.Verdicts(
              model.incarnation(), round(), List.copyOf(admitted), List.copyOf(refused)));
      admitted.clear();
      refused.clear();
    }
  }

  /** The open round is closed: with the head, which others may know only a moment later. */
  void close() {
    tellVerdicts();
    tell(new RangeMessage.Close(model.incarnation(), round(), model.state().folder().head()));
  }

  /** All ranges have come to the exchange that the model is at. */
  void gathered() {
    tell(new RangeMessage.Gathered(model.incarnation(), round(), model.step()));
  }

  /** The version of the open round is there. */
  void done() {
    tell(new RangeMessage.Done(model.incarnation(), round()));
  }

  void deleted() {
    tell(new RangeMessage.Deleted(model.incarnation()));
  }

  private OfRound round() {
    Round round = model.state().round();
    return new OfRound(round.number(), round.base());
  }

  private void tell(RangeMessage message) {
    outbox.toRanges(model.state().model(), model.placement(), message);
  }
}
