package io.fedstep.model;

import io.fedstep.aggregate.Averaging;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What goes together with {@code scaffold-server} in a spec. */
public final class ScaffoldRules {
  private static final String KEY = "optimizer.modules";

  /** In every spec that has it. */
  public static final List<SpecRule<SpecParts>> OF_SPECS =
      List.of(
          rule(
              "aggregator",
              "`scaffold-server` is for `averaging` with `steps_weighted` false: controls have no"
                  + " weights",
              spec ->
                  spec.aggregator().equals(new Averaging(false))
                      ? null
                      : "scaffold-server in optimizer.modules goes with the aggregator averaging and"
                          + " steps_weighted false alone"),
          rule(
              "round.mode",
              "`scaffold-server` is for `synchronous` rounds",
              spec ->
                  spec.round().mode().isBuffer()
                      ? "scaffold-server in optimizer.modules goes with the round.mode synchronous"
                          + " alone"
                      : null),
          rule(
              "update_bound",
              "`scaffold-server` reckons with updates as they came: no `update_bound` with `clip`",
              spec ->
                  spec.updateBound() != null
                          && spec.updateBound().action() == UpdateBound.Action.CLIP
                      ? "scaffold-server in optimizer.modules goes with no update_bound whose action"
                          + " is clip"
                      : null),
          rule(
              "privacy",
              "`scaffold-server` shows a sum over updates without noise: no `privacy`",
              spec ->
                  !spec.isProtected()
                      ? null
                      : "scaffold-server in optimizer.modules goes with no privacy"),
          rule(
              "secure",
              "`scaffold-server` needs each update by itself: no `secure`",
              spec ->
                  spec.secure() == null
                      ? null
                      : "scaffold-server in optimizer.modules goes with no secure"));

  private ScaffoldRules() {}

  private static SpecRule<SpecParts> rule(
      String other, String says, Function<SpecParts, @Nullable String> broken) {
    return new SpecRule<>(
        KEY, other, says, spec -> spec.optimizer().hasControls() ? broken.apply(spec) : null);
  }
}
