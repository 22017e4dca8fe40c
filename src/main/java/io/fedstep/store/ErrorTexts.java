package io.fedstep.store;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The C library's texts of Linux's error numbers, in the language that the process has of it. */
final class ErrorTexts {
  private ErrorTexts() {}

  /** Whether they may be others than the English ones. */
  static boolean areTranslated() {
    return Stream.of("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE")
        .map(name -> Objects.requireNonNullElse(System.getenv(name), ""))
        .anyMatch(language ->
            !language.isEmpty() && Stream.of("C", "POSIX", "en").noneMatch(language::startsWith));
  }

  /**
   * The texts of some numbers, or none where they cannot be asked for without a warning; the first
   * time takes 0.2 s.
   */
  static List<String> of(List<Integer> numbers) {
    if (!System.getProperty("os.name").equals("Linux")
        || !ErrorTexts.class.getModule().isNativeAccessEnabled()) {
      return List.of();
    }
    try {
      Linker linker = Linker.nativeLinker();
      MethodHandle strerror =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("strerror"),
              FunctionDescriptor.of(ADDRESS, JAVA_INT));
      var charset = Charset.forName(System.getProperty("native.encoding"));
      var texts = new ArrayList<String>();
      for (int number : numbers) {
        var text = (MemorySegment) strerror.invokeExact(number);
        texts.add(text.reinterpret(Long.MAX_VALUE).getString(0, charset));
      }
      return texts;
    } catch (Throwable e) { // whatever it is: the English texts are left
      return List.of();
    }
  }
}
