package io.fedstep.kafka;

import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Replacement;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A decision of a model's leader, as the topic of decisions has it: the newest entry of a key
 * stays, which is all that a process needs to know that comes later.
 *
 * <pre>
 *   model/NAME                        its head, and where its ranges are
 *   round/NAME                        the open round, and how it ends if it is ending
 *   update/NAME/ROUND/CLIENT/FROM     an update that is in it
 *   range/NAME/INDEX                  how far a range has come in the close
 *   report/NAME/VERSION/CLIENT        what a client measured
 *   failure/NAME/ROUND/CLIENT         a client's word that it sends no update
 *   waiting/NAME/NUMBER               a request that waits for a version
 *   answer/SLOT                       the answer to a request of a gateway
 *   settings/cluster                  what all processes share
 * </pre>
 */
sealed interface LogEntry {
  /** The key, which begins with the entry's kind. */
  String key();

  /** A detail of a model; it counts if it is of the round, version or incarnation that is there. */
  sealed interface Detail extends LogEntry {
    String model();
  }

  /** A model's settings, and the places of its ranges. */
  record Head(ModelHead head, Placement placement) implements LogEntry {
    String model() {
      return head.model();
    }

    @Override
    public String key() {
      return "model/" + model();
    }
  }

  /** A model is deleted, whose newest version was {@code version}. */
  record Deleted(String model, String incarnation, long version) implements LogEntry {
    @Override
    public String key() {
      return "model/" + model;
    }
  }

  /**
   * A model's open round, and the version that it trains from.
   *
   * @param passed the last deadline that passed in it, or null
   * @param end how it ends, or null while it takes updates
   */
  record OpenRound(
      String model,
      long number,
      String base,
      Instant openedAt,
      VersionInfo newest,
      Decision.@Nullable Passed passed,
      @Nullable End end)
      implements LogEntry {
    /** A round that takes updates. */
    static OpenRound of(String model, VersionInfo newest, Round round) {
      return new OpenRound(
          model, round.number(), round.base(), round.openedAt(), newest, round.passed(), null);
    }

    OpenRound with(Decision.@Nullable Passed deadline) {
      return new OpenRound(model, number, base, openedAt, newest, deadline, end);
    }

    OpenRound with(@Nullable End other) {
      return new OpenRound(model, number, base, openedAt, newest, passed, other);
    }

    Round round() {
      return new Round(number, base, openedAt);
    }

    @Override
    public String key() {
      return key(model);
    }

    static String key(String model) {
      return "round/" + model;
    }
  }

  /**
   * The end of a round: its last decision, or what an administrator put in its place, or a failure.
   *
   * @param ended the decision that closed or abandoned it, with the key of its noise if it has any;
   *     or null
   * @param replyTo who asked for it and waits for the version, or null
   * @param failed why no version can be made, or null
   */
  record End(
      @Nullable Decision ended,
      @Nullable Replacement replacement,
      @Nullable ReplyTo replyTo,
      @Nullable Refusal failed) {}

  /** An update in the open round. */
  record Update(String model, long round, String base, Decision.Accepted update) implements Detail {
    @Override
    public String key() {
      return "update/%s/%s/%s/%s"
          .formatted(model, round, update.client(), round - update.staleness());
    }
  }

  /** How far a range has come in the close of the open round. */
  record Range(String model, int index, String base, int step, boolean done) implements Detail {
    @Override
    public String key() {
      return key(model, index);
    }

    static String key(String model, int index) {
      return "range/%s/%s".formatted(model, index);
    }
  }

  /** A client's report on a version. */
  record Report(String model, long version, String base, String client, UpdateMetadata report)
      implements Detail {
    @Override
    public String key() {
      return key(model, version, client);
    }

    static String key(String model, long version, String client) {
      return "report/%s/%s/%s".formatted(model, version, client);
    }
  }

  /** A client's word that it sends no update from a version that may still get some. */
  record Failed(String model, String incarnation, ClientFailure failure) implements Detail {
    @Override
    public String key() {
      return "failure/%s/%s/%s".formatted(model, failure.round(), failure.client());
    }
  }

  /** A request that waits for the version that is being made. */
  record Waiting(String model, long number, Request request) implements Detail {
    @Override
    public String key() {
      return Served.key(model, number);
    }
  }

  /** A request that waits no more. */
  record Served(String model, long number) implements Detail {
    @Override
    public String key() {
      return key(model, number);
    }

    static String key(String model, long number) {
      return "waiting/%s/%s".formatted(model, number);
    }
  }

  /** An answer to a request; the entry of a slot is written over when its turn comes again. */
  record Answer(int slot, ReplyTo replyTo, Reply reply) implements LogEntry {
    @Override
    public String key() {
      return "answer/" + slot;
    }
  }

  /** What is answered. */
  sealed interface Reply {}

  /** The request is done. */
  record Result(ObjectNode content) implements Reply {}

  /** The request is refused. */
  record Refused(Refusal refusal) implements Reply {}

  /** The settings that all processes share. */
  record Settings(SharedSettings settings) implements LogEntry {
    static final String KEY = "settings/cluster";

    @Override
    public String key() {
      return KEY;
    }
  }

  /** Nothing needs to be known any more of what the key had. */
  record Gone(String key) implements LogEntry {}
}
