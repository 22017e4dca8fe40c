package io.fedstep;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Files that use each other in circles: the strongly connected components, by Tarjan. */
final class FileCircles {
  private final Map<String, Set<String>> uses = new TreeMap<>();
  private final Map<String, Integer> found = new HashMap<>();
  private final Map<String, Integer> earliest = new HashMap<>();
  private final Deque<String> open = new ArrayDeque<>();
  private final Set<String> circles = new TreeSet<>();

  private FileCircles(JavaClasses classes) {
    for (JavaClass from : classes) {
      Set<String> used = uses.computeIfAbsent(file(from), _ -> new TreeSet<>());
      for (Dependency one : from.getDirectDependenciesFromSelf()) {
        JavaClass to = one.getTargetClass().getBaseComponentType();
        if (classes.contain(to.getName())) {
          used.add(file(to));
        }
      }
    }
  }

  /** Each circle among the files of these classes as its names, below a package, in their order. */
  static Set<String> among(JavaClasses classes, String root) {
    var files = new FileCircles(classes);
    files.uses.keySet().forEach(files::visit);
    var names = new TreeSet<String>();
    files.circles.forEach(circle -> names.add(circle.replace(root + ".", "")));
    return names;
  }

  private static String file(JavaClass part) {
    String name = part.getName();
    int inner = name.indexOf('$');
    return inner < 0 ? name : name.substring(0, inner);
  }

  private void visit(String file) {
    if (found.containsKey(file)) {
      return;
    }
    found.put(file, found.size());
    earliest.put(file, number(file));
    open.push(file);
    for (String used : Objects.requireNonNull(uses.get(file))) {
      visit(used);
      if (open.contains(used)) {
        earliest.merge(file, Objects.requireNonNull(earliest.get(used)), Math::min);
      }
    }
    if (number(file) == Objects.requireNonNull(earliest.get(file))) {
      var circle = new TreeSet<String>();
      do {
        circle.add(open.pop());
      } while (!circle.contains(file));
      if (circle.size() > 1) {
        circles.add(String.join(" ", circle));
      }
    }
  }

  private int number(String file) {
    return Objects.requireNonNull(found.get(file));
  }
}
