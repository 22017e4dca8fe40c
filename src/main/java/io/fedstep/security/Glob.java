package io.fedstep.security;

/** A pattern in which {@code *} stands for any characters, also none. */
final class Glob {
  private Glob() {}

  /** In time of at most the product of the lengths, whatever the pattern. */
  static boolean matches(String glob, String text) {
    int star = -1;
    int resume = 0;
    int g = 0;
    int t = 0;
    while (t < text.length()) {
      if (g < glob.length() && glob.charAt(g) == '*') {
        star = g++;
        resume = t;
      } else if (g < glob.length() && glob.charAt(g) == text.charAt(t)) {
        g++;
        t++;
      } else if (star >= 0) {
        g = star + 1;
        t = ++resume;
      } else {
        return false;
      }
    }
    return glob.substring(g).chars().allMatch(left -> left == '*');
  }
}
