package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Ed25519;
import io.fedstep.secure.Join;
import io.fedstep.secure.Keys;
import io.fedstep.secure.Member;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.Sealing;
import io.fedstep.secure.Shared;
import io.fedstep.secure.Sharing;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the messages of members of a secure round have to be; the refusal of others is thrown. */
public final class MemberRules {
  private MemberRules() {}

  /** Checks that a message is for the roster that the round has. */
  public static void checkRoster(SecureRound round, String named) {
    String digest = round.members().digest();
    if (!named.equals(digest)) {
      throw Refusal.of(
              Problem.ROSTER_DIFFERS,
              "Round %s has the roster '%s', not '%s'; fetch it again."
                  .formatted(round.number(), digest, named))
          .with("roster", digest)
          .exception();
    }
  }

  /** Checks a join. */
  public static void check(SecureRound round, String model, String client, Join join) {
    if (!join.base().equals(round.base())) {
      throw Refusal.of(
              Problem.BASE_DIFFERS,
              "Round %s trains from the weights tagged '%s', not from '%s'; fetch the weights again."
                  .formatted(round.number(), round.base(), join.base()))
          .with("base", round.base())
          .exception();
    }
    String wrong = join.wrongKey();
    if (wrong != null) {
      throw Refusal.of(Problem.BAD_KEY, "The key %s.".formatted(wrong)).exception();
    }
    byte[] identity = join.identity();
    byte[] signature = join.signature();
    if (!round.secure().isPinned()) {
      if (identity != null || signature != null) {
        throw badSignature("identity and signature are null where identities are 'any'");
      }
    } else if (identity == null || signature == null) {
      throw badSignature("identity and signature are needed where identities are 'pinned'");
    } else if (!Ed25519.verifies(
        identity, Roster.joinMessage(model, round.number(), client, join), signature)) {
      throw badSignature("the signature of the keys is not by identity");
    }
  }

  private static RefusedException badSignature(String detail) {
    return Refusal.of(
            Problem.BAD_SIGNATURE,
            Character.toUpperCase(detail.charAt(0)) + detail.substring(1) + ".")
        .exception();
  }

  /**
   * Checks sealed shares.
   *
   * @param count how many places they have, with those that are null
   */
  public static void check(SecureRound round, String client, Shared shared, int count) {
    checkLength("commitment", shared.commitment(), Keys.COMMITMENT_BYTES);
    int members = round.members().members().size();
    if (count != members) {
      throw wrongLength("shares", members, count);
    }
    for (Member member : round.members().members()) {
      byte[] sealed = shared.sealed().get(member.index());
      boolean isOwn = member.client().equals(client);
      int expected = isOwn ? 0 : Sealing.BYTES;
      int actual = sealed == null ? 0 : sealed.length;
      if (isOwn != (sealed == null) || actual != expected) {
        throw wrongLength("shares[%s]".formatted(member.index() - 1), expected, actual);
      }
    }
  }

  private static void checkLength(String what, byte[] bytes, int expected) {
    if (bytes.length != expected) {
      throw wrongLength(what, expected, bytes.length);
    }
  }

  private static RefusedException wrongLength(String what, int expected, int actual) {
    return Refusal.of(
            Problem.WRONG_LENGTH,
            "'%s' has the length %s, not %s; at a member's own place it is null."
                .formatted(what, actual, expected))
        .with("expected", expected)
        .with("actual", actual)
        .exception();
  }

  /** Checks an answer to the unmasking. */
  public static void check(SecureRound round, Revealed revealed) {
    check("self", revealed.self(), round.online());
    check("key", revealed.key(), round.missing());
  }

  private static void check(String key, Map<String, byte[]> shares, Collection<String> asked) {
    if (!shares.keySet().equals(new HashSet<>(asked))) {
      throw Refusal.of(
              Problem.BAD_SHARES,
              "'%s' has the shares of %s members, and not those of the %s that are asked for."
                  .formatted(key, shares.size(), asked.size()))
          .exception();
    }
    shares.forEach((client, share) -> checkLength(key + "." + client, share, Sharing.BYTES));
  }

  /**
   * Checks the signature of a masked update.
   *
   * @param signature as base64url, or null
   */
  public static void checkSignature(SecureRound round, String client, byte @Nullable [] signature) {
    if (!round.secure().isPinned()) {
      if (signature != null) {
        throw badSignature("there is no signature where identities are 'any'");
      }
      return;
    }
    if (signature == null) {
      throw badSignature("signature is needed where identities are 'pinned'");
    }
    Member member = Objects.requireNonNull(round.members().member(client));
    byte[] identity = Objects.requireNonNull(member.join().identity());
    byte[] message = round.members().sharedMessage(round.shared().keySet());
    if (!Ed25519.verifies(identity, message, signature)) {
      throw badSignature(
          "the signature %s is not by identity, over the members who shared"
              .formatted(Base64Url.text(signature)));
    }
  }
}
