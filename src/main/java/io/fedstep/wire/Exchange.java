package io.fedstep.wire;

import io.fedstep.problem.Refusal;
import jakarta.servlet.ServletRequest;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A request and its answer: the sender, the bytes read, what came of it, and what is to be given
 * back at its end. For the thread that serves the request.
 */
public final class Exchange implements Closeable {
  private static final String ATTRIBUTE = Exchange.class.getName();

  private final long began = System.nanoTime();
  private final Deque<Closeable> held = new ArrayDeque<>();
  private @Nullable Principal sender;
  private Supplier<@Nullable Refusal> rights = () -> null;
  private @Nullable Refusal denial;
  private @Nullable String outcome;
  private @Nullable String spent;
  private long bytes;
  private long compressed;
  private @Nullable HeavyWork work;

  private Exchange() {}

  /** The exchange that a request began. */
  public static Exchange of(ServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof Exchange known) {
      return known;
    }
    var begun = new Exchange();
    request.setAttribute(ATTRIBUTE, begun);
    return begun;
  }

  // --- the sender

  /** The sender as its credentials name it, or null without any. */
  public @Nullable Principal sender() {
    return sender;
  }

  /**
   * Notes the sender that the request's credentials name.
   *
   * @param rights why the sender may no longer do what it asks, or null, each time it is asked
   */
  public void sentBy(Principal named, Supplier<@Nullable Refusal> rights) {
    sender = named;
    this.rights = rights;
  }

  /** Why the sender may no longer do what it asks, or null. */
  public @Nullable Refusal rightsLost() {
    return rights.get();
  }

  /** The name by which a sender is counted: its id, or its address where it shows none. */
  public static String senderName(ServletRequest request) {
    Principal sender = of(request).sender;
    return sender == null ? request.getRemoteAddr() : sender.getName();
  }

  /**
   * The holder of the places that a request takes: the sender's id, or else its address. Null for a
   * sender on this machine that shows no id: nothing is shared out among those.
   */
  public static @Nullable String holder(ServletRequest request) {
    String name = senderName(request);
    return of(request).sender == null && isLoopback(name) ? null : name;
  }

  private static boolean isLoopback(String address) {
    try {
      return InetAddress.ofLiteral(address).isLoopbackAddress();
    } catch (IllegalArgumentException e) { // as a proxy gave it
      return false;
    }
  }

  // --- what came of it

  /** Notes that the request is refused for want of credentials or rights. */
  public void deny(Refusal refusal) {
    denial = refusal;
  }

  /** The refusal for want of credentials or rights, or null. */
  public @Nullable Refusal denial() {
    return denial;
  }

  /** Notes what a model that the request removes had spent of its clients' privacy. */
  public void removes(String privacySpent) {
    spent = privacySpent;
  }

  /** What a model that the request removes had spent of its clients' privacy, or null. */
  public @Nullable String spent() {
    return spent;
  }

  /** Notes what came of the request, unless something did already; whether it is noted. */
  public boolean end(String how) {
    boolean first = outcome == null;
    if (first) {
      outcome = how;
    }
    return first;
  }

  /** What came of the request, or null as long as that is open. */
  public @Nullable String outcome() {
    return outcome;
  }

  /** Counts bytes of the body that were read, or came before, expanded if it is compressed. */
  public void count(long more) {
    bytes += more;
  }

  /** Bytes of the body that were read. */
  public long bytes() {
    return bytes;
  }

  /** Counts bytes of a body that came compressed. */
  void countCompressed(long more) {
    compressed += more;
  }

  /** Bytes of the body that were read, as they came over the wire. */
  public long bytesOnWire() {
    return compressed > 0 ? compressed : bytes;
  }

  /** Notes what the request shares with others of what takes much. */
  public void workWith(HeavyWork shared) {
    work = shared;
  }

  /** What the request shares with others of what takes much, once a controller is found. */
  HeavyWork work() {
    return Objects.requireNonNull(work);
  }

  /** How long ago the request began. */
  public Duration age() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  // --- what it holds

  /** Keeps what the request has taken until the exchange is closed. */
  public void hold(Closeable taken) {
    held.push(taken);
  }

  /** Gives back what the request holds; once more does nothing. */
  @Override
  public void close() throws IOException {
    Closeable last = held.poll();
    if (last != null) {
      try (last) {
        close();
      }
    }
  }
}
