package io.fedstep.bench;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A line of the table.
 *
 * @param work what was done
 * @param ours how well the server did it
 * @param peer whom it stands beside
 * @param theirs how well the peer did it; null where that was not measured
 * @param goal what is asked for
 */
record Line(String work, Figure ours, String peer, @Nullable Figure theirs, Goal goal) {
  static final String HEAD =
      """
      | work | fedstep | beside | figure | ratio | at least | aim |
      | --- | --- | --- | --- | --- | --- | --- |
      """;

  /** A figure that nothing stands beside. */
  static Line alone(String work, Figure ours, Goal goal) {
    return new Line(work, ours, "", null, goal);
  }

  /** What a ratio, or a figure, has to be; empty where nothing is asked for. */
  record Goal(String least, String aim) {
    static final Goal NONE = new Goal("", "");
  }

  String markdown() {
    String ratio =
        theirs == null ? "" : String.format(Locale.ROOT, "**%.2f**", ours.against(theirs));
    return "| %s | %s | %s | %s | %s | %s | %s |\n"
        .formatted(
            work,
            ours,
            peer,
            theirs == null ? peer.isEmpty() ? "" : "not measured" : theirs,
            ratio,
            goal.least(),
            goal.aim());
  }
}
