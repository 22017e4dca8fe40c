package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import tools.jackson.databind.node.ObjectNode;

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

  /** The decision on the head. */
  ObjectNode decidedHead() {
    return decided(head, placement);
  }

  static ObjectNode decided(ModelHead head, Placement placement) {
    ObjectNode json = Json.object();
    json.set("head", head.write());
    json.set("placement", placement.write());
    return json;
  }

  /** The decision on the round. */
  ObjectNode decidedRound() {
    return decided(newest, round);
  }

  static ObjectNode decided(VersionInfo newest, Round round) {
    ObjectNode json =
        Json.object()
            .put("round", round.number())
            .put("base", round.base())
            .put("opened_at", RecordCodec.time(round.openedAt()));
    json.set("version", newest.write());
    Decision.Passed passed = round.passed();
    if (passed != null) {
      json.setAll(RecordCodec.write(passed));
    }
    return json;
  }
}
