package io.fedstep.security;

import io.fedstep.model.Name;
import jakarta.servlet.http.HttpServletRequest;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who a request comes from.
 *
 * @param id a client's name, or {@code -} for one who need not say it
 * @param models globs of the models that he may see: {@code *} stands for any characters, also none
 */
public record Caller(String id, Role role, List<String> models) {
  private static final String ATTRIBUTE = "io.fedstep.caller";

  static final List<String> ALL = List.of("*");

  /** Stands for all callers of a server without authentication. */
  private static final String NO_ID = "-";

  private static final Caller ANYBODY = new Caller(NO_ID, Role.ADMIN, ALL);

  public Caller {
    if (!id.equals(NO_ID)) {
      Name.check("id", id);
    }
    models = List.copyOf(models);
  }

  /** The sender of a request; on a server without authentication, one who may do everything. */
  public static Caller of(HttpServletRequest request) {
    return request.getAttribute(ATTRIBUTE) instanceof Caller caller ? caller : ANYBODY;
  }

  /**
   * The holder of the places that a request takes: an id, or else an address. Null on a server
   * without authentication, for a client on its machine: nothing is shared out among them.
   */
  public static @Nullable String holder(HttpServletRequest request) {
    Caller caller = of(request);
    return caller.isAnybody() ? addressUnlessLoopback(request.getRemoteAddr()) : caller.id();
  }

  private static @Nullable String addressUnlessLoopback(String address) {
    try {
      return InetAddress.ofLiteral(address).isLoopbackAddress() ? null : address;
    } catch (IllegalArgumentException e) { // as a proxy gave it
      return address;
    }
  }

  /** Notes that a request comes from this one. */
  void sent(HttpServletRequest request) {
    request.setAttribute(ATTRIBUTE, this);
  }

  /** Whether this stands for nobody that proved who he is. */
  boolean isAnybody() {
    return id.equals(NO_ID);
  }

  /** Whether a model is one of his. */
  public boolean sees(String model) {
    return models.stream().anyMatch(glob -> Glob.matches(glob, model));
  }

  /** Whether all models are his, also those that do not exist yet. */
  boolean seesAll() {
    return models.stream().anyMatch(glob -> glob.chars().allMatch(one -> one == '*'));
  }
}
