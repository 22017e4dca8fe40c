package io.fedstep.secure;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** The members of a round, fixed, and the tag to which all that they compute is bound. */
public final class Roster {
  private final RoundFacts facts;
  private final int threshold;
  private final Map<String, Member> members = new LinkedHashMap<>();
  private final byte[] tag;

  /**
   * The roster of a round.
   *
   * @param threshold how many members have to go all the way
   * @param joins by client, in the order of their ids' ASCII bytes
   */
  public Roster(RoundFacts facts, int threshold, SortedMap<String, Join> joins) {
    this.facts = facts;
    this.threshold = threshold;
    joins.forEach(
        (client, join) -> members.put(client, new Member(members.size() + 1, client, join)));
    tag = Keys.sha256(text().getBytes(UTF_8));
  }

  /** What is hashed to the tag. */
  String text() {
    var text = new StringBuilder(facts.lines(threshold));
    for (Member member : members.values()) {
      text.append("member=")
          .append(member.index())
          .append(' ')
          .append(member.client())
          .append(' ')
          .append(Base64Url.text(member.join().maskKey()))
          .append(' ')
          .append(Base64Url.text(member.join().shareKey()))
          .append('\n');
    }
    return text.toString();
  }

  /** What everybody in the round knows. */
  public RoundFacts facts() {
    return facts;
  }

  /** How many members have to go all the way. */
  public int threshold() {
    return threshold;
  }

  /** With fewer members no later stage ends. */
  public int least() {
    return Math.max(threshold, facts.minUpdates());
  }

  /** The members in their order. */
  public Collection<Member> members() {
    return Collections.unmodifiableCollection(members.values());
  }

  /** A member, or null. */
  public @Nullable Member member(String client) {
    return members.get(client);
  }

  /** The index of a member. */
  int index(String client) {
    Member member = members.get(client);
    if (member == null) {
      throw new IllegalArgumentException("'%s' is no member".formatted(client));
    }
    return member.index();
  }

  /** The tag of the round, 32 bytes. */
  public byte[] tag() {
    return tag.clone();
  }

  /** The tag as it is shown. */
  public String digest() {
    return "sha256:" + HexFormat.of().formatHex(tag);
  }

  /** What a member signs of itself to join. */
  public static byte[] joinMessage(String model, long round, String client, Join join) {
    String names =
        "fedstep-secure-1 join\n%s\n%s\n%s\n%s\n"
            .formatted(model, Long.toString(round), join.base(), client);
    return Keys.joined(names.getBytes(UTF_8), join.maskKey(), join.shareKey());
  }

  /** What a member signs of those who shared, with its update. */
  public byte[] sharedMessage(Collection<String> shared) {
    var message = new ByteArrayOutputStream();
    message.writeBytes("fedstep-secure-1 shared\n".getBytes(UTF_8));
    message.writeBytes(tag);
    List<Integer> indices = new ArrayList<>(shared.stream().map(this::index).toList());
    Collections.sort(indices);
    indices.forEach(message::write);
    return message.toByteArray();
  }
}
