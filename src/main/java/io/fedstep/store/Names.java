package io.fedstep.store;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The names of files and folders that fedstep writes; all others are ignored. */
final class Names {
  private static final Logger LOG = LoggerFactory.getLogger(Names.class);

  /** The most names of a folder in one line of the log. */
  private static final int MOST_TOLD = 20;

  /** Files that were to be renamed to their place. */
  static final Predicate<String> FRESH = name -> name.endsWith(Disk.FRESH);

  private static final Pattern NUMBER = Pattern.compile("[0-9]{7}|[1-9][0-9]{7,17}");

  private Names() {}

  /** The name for a number: seven digits or more, so that it sorts. */
  static String of(long number) {
    String digits = Long.toString(number);
    return "0".repeat(Math.max(0, 7 - digits.length())) + digits;
  }

  /** The names for numbers, with an ending. */
  static Predicate<String> numbered(String ending) {
    return name ->
        name.endsWith(ending)
            && NUMBER.matcher(name.substring(0, name.length() - ending.length())).matches();
  }

  /** The number that a name with an ending is for. */
  static long number(String name, String ending) {
    return Long.parseLong(name.substring(0, name.length() - ending.length()));
  }

  /** The names in a folder of one of these kinds, sorted; the log says once which others it has. */
  @SafeVarargs
  static List<String> in(Disk disk, Path folder, Predicate<String>... kinds) {
    Predicate<String> any = List.of(kinds).stream().reduce(_ -> false, Predicate::or);
    List<String> all = disk.names(folder);
    List<String> others = all.stream().filter(any.negate()).toList();
    if (!others.isEmpty()) {
      LOG.warn(
          "{} has {} names that are not of fedstep, and are passed over: {}",
          folder,
          others.size(),
          others.subList(0, Math.min(others.size(), MOST_TOLD)));
    }
    return all.stream().filter(any).toList();
  }
}
