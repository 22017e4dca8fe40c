package io.fedstep.security;

import io.fedstep.model.Name;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;

/**
 * Who a request comes from.
 *
 * @param id a client's name, or {@code -} for one who need not say it
 * @param models globs of the models that he may see: {@code *} stands for any characters, also none
 */
public record Caller(String id, Role role, List<String> models) {
  private static final String ATTRIBUTE = "io.fedstep.caller";

  static final List<String> ALL = List.of("*");

  /** Stands for whoever reaches a server that asks nobody. */
  private static final String NO_ID = "-";

  private static final Caller ANYBODY = new Caller(NO_ID, Role.ADMIN, ALL);

  public Caller {
    if (!id.equals(NO_ID)) {
      Name.check("id", id);
    }
    models = List.copyOf(models);
  }

  /** Who a request comes from; on a server that asks nobody, one who may do everything. */
  public static Caller of(HttpServletRequest request) {
    return request.getAttribute(ATTRIBUTE) instanceof Caller caller ? caller : ANYBODY;
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
