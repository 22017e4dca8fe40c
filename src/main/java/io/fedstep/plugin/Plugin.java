package io.fedstep.plugin;

import static java.util.stream.Collectors.toSet;

import java.util.List;
import java.util.Set;

/**
 * What a spec names: a record of settings, whose constructor checks their ranges. The lists of what
 * is known ({@code KnownModules} and the like) have one of each kind, with the defaults.
 *
 * @param <P> its kind
 */
public interface Plugin<P> {
  /** The name in a spec; declearn's where declearn has it. */
  String name();

  /** Its settings with their values, in the order in which a spec shows them. */
  List<Setting> config();

  /** The keys that a spec may give. */
  default Set<String> keys() {
    return config().stream().map(Setting::key).collect(toSet());
  }

  /**
   * Another of its kind; what the settings leave out is as it is here.
   *
   * @throws IllegalArgumentException naming what is out of its range
   */
  P with(Settings settings);

  /** What it has to be given beside the values that it works on. */
  default Set<Need> needs() {
    return Set.of();
  }
}
