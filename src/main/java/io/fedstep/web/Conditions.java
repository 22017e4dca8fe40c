package io.fedstep.web;

import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.VersionInfo;
import io.fedstep.wire.AnswerHead;
import io.fedstep.wire.Coding;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The preconditions of requests (RFC 9110, 13). */
final class Conditions {
  private static final String MATCH = "If-Match";
  private static final String NONE_MATCH = "If-None-Match";

  private Conditions() {}

  /** The tags that the client has. */
  static EntityTags known(HttpServletRequest request) {
    return EntityTags.of(request, NONE_MATCH);
  }

  /** Whether a change is wanted of one version alone. */
  static boolean isConditional(HttpServletRequest request) {
    return request.getHeader(MATCH) != null;
  }

  /**
   * What the newest version has to be for a change to be made: what {@code If-Match} names, and
   * that number; 412 if another one is the newest already.
   */
  static Expected expected(HttpServletRequest request, ModelStatus now, @Nullable Long number) {
    if (!isConditional(request)) {
      return new Expected(number, null);
    }
    if (now.awaitsWeights()) {
      throw Refusal.of(Problem.PRECONDITION_FAILED, "There is no version yet, which has a tag.")
          .exception();
    }
    VersionInfo newest = now.newest();
    EntityTags wanted = EntityTags.of(request, MATCH);
    if (!wanted.matchAnyOfStrongly(newest.base())) {
      throw ChangeRules.otherTag(newest).exception();
    }
    return new Expected(number, wanted.isAny() ? null : newest.base());
  }

  /** Why a model's first weights may not be set as things are, or null. */
  static @Nullable Refusal refusal(HttpServletRequest request, ModelStatus now) {
    VersionInfo newest = now.newest();
    if (known(request).isAny() && newest.madeBy() != VersionInfo.MadeBy.CREATED) {
      return Refusal.of(
          Problem.PRECONDITION_FAILED,
          "There are weights already, version %s.".formatted(newest.version()));
    }
    try {
      Expected _ = expected(request, now, null);
      return null;
    } catch (RefusedException e) {
      return e.refusal();
    }
  }

  /** Whether the client names this representation, in any coding, by a strong tag. */
  static boolean isNamedInAnyCoding(HttpServletRequest request, AnswerHead head) {
    EntityTags known = known(request);
    return Arrays.stream(Coding.values()).anyMatch(one -> known.matchStrongly(head.etag(one)));
  }

  /** Whether the client has this representation; 412 if it wants only another one. */
  static boolean isKnown(HttpServletRequest request, String etag) {
    if (request.getHeader(MATCH) != null && !EntityTags.of(request, MATCH).matchStrongly(etag)) {
      throw Refusal.of(
              Problem.PRECONDITION_FAILED,
              "The tag here is %s, which If-Match does not name.".formatted(etag))
          .exception();
    }
    return known(request).match(etag);
  }
}
