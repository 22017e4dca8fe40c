package io.fedstep.client;

import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a client takes part in a model's training.
 *
 * @param client its id; with a token, the token's
 * @param evaluation is given each version before the step, and the last one; null for none
 * @param rounds how many updates to have accepted; {@code Long.MAX_VALUE} for as long as training
 *     goes on
 * @param stays whether to wait for a start where training is stopped, unless the budget of a
 *     private model is spent: the client's own, or that of all who ever took part
 * @param explains whether the server is told the message of an exception of the step, which may
 *     quote data; it is always told the exception's type
 * @param secure whether the model has to be secure, whatever the server says
 * @param pinned the identities that it trusts; null for what the server says
 * @param encoding how updates are sent that say nothing of it; null for as they are
 * @param download the dtype in which weights are fetched; null for the model's
 */
public record Participation(
    String client,
    @Nullable Evaluation evaluation,
    long rounds,
    boolean stays,
    boolean explains,
    boolean secure,
    @Nullable Pinned pinned,
    @Nullable Encoding encoding,
    @Nullable Download download) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  /** Whether a text can be the id of a client. */
  static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  public Participation {
    if (!isId(client)) {
      throw new IllegalArgumentException(
          "'%s' is no client's id: that matches %s".formatted(client, ID.pattern()));
    }
  }

  /** A client that trains for as long as training goes on. */
  public static Participation of(String client) {
    return new Participation(client, null, Long.MAX_VALUE, false, false, false, null, null, null);
  }

  /** This one, which also reports what it measures. */
  public Participation evaluating(Evaluation measure) {
    return new Participation(
        client, measure, rounds, stays, explains, secure, pinned, encoding, download);
  }

  /** This one, until so many of its updates were accepted. */
  public Participation forRounds(long most) {
    return new Participation(
        client, evaluation, most, stays, explains, secure, pinned, encoding, download);
  }

  /** This one, which waits where training is stopped, unless a budget is spent. */
  public Participation staying() {
    return new Participation(
        client, evaluation, rounds, true, explains, secure, pinned, encoding, download);
  }

  /** This one, which tells the server what exceptions of its step say. */
  public Participation explaining() {
    return new Participation(
        client, evaluation, rounds, stays, true, secure, pinned, encoding, download);
  }

  /** This one, which sends nothing in the clear: the model is secure, or training it fails. */
  public Participation securely() {
    return new Participation(
        client, evaluation, rounds, stays, explains, true, pinned, encoding, download);
  }

  /**
   * This one, which takes part in secure rounds alone whose members have the identities that it
   * trusts.
   *
   * @param others public keys by client, as {@link Identity#text} has them
   */
  public Participation pinned(Identity own, Map<String, String> others) {
    var trusted = new Pinned(own, others);
    return new Participation(
        client, evaluation, rounds, stays, explains, true, trusted, encoding, download);
  }

  /** This one, whose updates are sent in fewer bytes, but for those that say it otherwise. */
  public Participation encoding(Encoding fewer) {
    return new Participation(
        client, evaluation, rounds, stays, explains, secure, pinned, fewer, download);
  }

  /**
   * This one, which fetches weights in fewer bytes, and of the next version only what differs.
   * Where a weight would be infinite in the dtype they come whole.
   */
  public Participation downloading(Download dtype) {
    return new Participation(
        client, evaluation, rounds, stays, explains, secure, pinned, encoding, dtype);
  }

  /** An update encoded as this says, unless it says so itself. */
  Update encoded(Update update) {
    return encoding == null || update.encoding() != null ? update : update.encodedAs(encoding);
  }
}
