package io.fedstep.security;

import io.fedstep.model.Name;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sender of a request.
 *
 * @param id a client's name, or {@code -} on a server without authentication
 * @param models globs of the models that the caller may see: {@code *} stands for any characters,
 *     also none
 */
public record Caller(String id, Role role, List<String> models) implements Principal {
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

  /** The sender of a request; on a server without authentication, one that may do everything. */
  public static Caller of(HttpServletRequest request) {
    return Exchange.of(request).sender() instanceof Caller caller ? caller : ANYBODY;
  }

  @Override
  public String getName() {
    return id;
  }

  /** Whether this is a client, which acts under its own id alone, and not of this id. */
  public boolean isClientOtherThan(@Nullable String client) {
    return role == Role.CLIENT && !id.equals(client);
  }

  /** Whether this stands for all callers of a server without authentication. */
  boolean isAnybody() {
    return id.equals(NO_ID);
  }

  /** Whether a model is one of the caller's. */
  public boolean sees(String model) {
    return models.stream().anyMatch(glob -> Glob.matches(glob, model));
  }

  /** Whether all models are the caller's, also those that do not exist yet. */
  boolean seesAll() {
    return models.stream().anyMatch(glob -> glob.chars().allMatch(one -> one == '*'));
  }
}
