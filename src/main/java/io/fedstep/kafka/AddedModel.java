package io.fedstep.kafka;

import io.fedstep.round.Round;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;

/**
 * A model that is added to the cluster: created, or found in the shared folder.
 *
 * @param newest its newest version
 * @param round that trains from it
 */
record AddedModel(ModelHead head, Placement placement, VersionInfo newest, Round round) {
  /** One that does not exist yet. */
  static AddedModel of(ModelHead head, Placement placement) {
    VersionInfo zeros = Version.zeros(head);
    return new AddedModel(head, placement, zeros, new Round(0, zeros.base(), head.createdAt()));
  }

  String name() {
    return head.model();
  }

  /** Decides on the head and the round. */
  void decide(ModelDecisions.Writer writer) {
    writer.decide(new LogEntry.Head(head, placement));
    writer.decide(LogEntry.OpenRound.of(name(), newest, round));
  }
}
