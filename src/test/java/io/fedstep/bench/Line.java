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
  private static final int MILLION = 1_000_000;

  static final String HEAD =
      """
      | work | fedstep | beside | figure | ratio | at least | aim |
      | --- | --- | --- | --- | --- | --- | --- |
      """;

  /** A number of things as rows name it: 10^7, 2,000,000. */
  static String count(long number) {
    String digits = Long.toString(number);
    int zeros = digits.length() - 1;
    return number >= MILLION && digits.equals("1" + "0".repeat(zeros))
        ? "10^" + zeros
        : String.format(Locale.ROOT, "%,d", number);
  }

  /** A number of bytes as rows name it: 40 MB, 4 KB. */
  static String bytes(long number) {
    return number % MILLION == 0 ? number / MILLION + " MB" : number / 1000 + " KB";
  }

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
