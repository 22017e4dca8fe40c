package io.fedstep.wire;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** How a body may be compressed (RFC 9110, 8.4; RFC 1952; RFC 8878). */
public enum Coding {
  IDENTITY,
  GZIP,
  ZSTD;

  /** A frame that needs more memory than 8 MiB is refused (RFC 9659). */
  private static final int MOST_WINDOW_BITS = 23;

  private static final int PIECE = 64 * 1024;
  private static final int QUICK_ZSTD = 1;

  /** As the header fields have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What comes behind the tag of the same without it. */
  String suffix() {
    return this == IDENTITY ? "" : "." + label();
  }

  /** The coding of a name, or null. */
  public static @Nullable Coding named(@Nullable String name) {
    if (name == null) {
      return IDENTITY;
    }
    return switch (name.strip().toLowerCase(Locale.ROOT)) {
      case "identity" -> IDENTITY;
      case "gzip", "x-gzip" -> GZIP;
      case "zstd" -> ZSTD;
      default -> null;
    };
  }

  /**
   * The coding that an {@code Accept-Encoding} field likes best. What costs nothing is chosen
   * unless the field names something else that it likes as much.
   */
  public static Coding accepted(@Nullable String field) {
    if (field == null) {
      return IDENTITY;
    }
    return best(field, Math.max(quality(IDENTITY, field), 0));
  }

  /** The one that compresses which the field likes best; {@code IDENTITY} if it names none. */
  public static Coding compressing(@Nullable String field) {
    return field == null ? IDENTITY : best(field, 0);
  }

  private static Coding best(String field, double plain) {
    Coding best = IDENTITY;
    double bestQuality = plain;
    for (Coding one : new Coding[] {ZSTD, GZIP}) {
      double quality = quality(one, field);
      if (quality > bestQuality || (quality > 0 && quality == bestQuality && best == IDENTITY)) {
        best = one;
        bestQuality = quality;
      }
    }
    return best;
  }

  private static double quality(Coding coding, String field) {
    return quality(field, word -> !word.isBlank() && named(word) == coding);
  }

  /**
   * The quality of the first word in a field that is meant; below zero where there is none (RFC
   * 9110, 12.4.2).
   */
  public static double quality(String field, Predicate<String> meant) {
    for (String part : field.split(",", -1)) {
      String[] words = part.split(";", 2);
      if (meant.test(words[0].strip())) {
        return words.length == 1 ? 1 : weight(words[1]);
      }
    }
    return -1;
  }

  private static double weight(String parameter) {
    String[] parts = parameter.split("=", 2);
    try {
      return parts.length == 2 && parts[0].strip().equalsIgnoreCase("q")
          ? Math.clamp(Double.parseDouble(parts[1].strip()), 0, 1)
          : 1;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Expands what a client sends; to be closed, since some of it lies outside the heap. */
  public InputStream expand(InputStream in) throws IOException {
    var compressed = new CompressedBody(in);
    return switch (this) {
      case IDENTITY -> in;
      case GZIP -> compressed.expandedBy(new GzipInput(compressed));
      case ZSTD ->
          compressed.expandedBy(
              new ZstdInputStreamNoFinalizer(compressed).setLongMax(MOST_WINDOW_BITS));
    };
  }

  /** Compresses what a client is sent, quickly: numbers give little to look for. */
  OutputStream compress(OutputStream out) throws IOException {
    return switch (this) {
      case IDENTITY -> out;
      case GZIP ->
          new GZIPOutputStream(out, PIECE) {
            {
              def.setLevel(Deflater.BEST_SPEED);
            }
          };
      case ZSTD -> new ZstdOutputStreamNoFinalizer(out, QUICK_ZSTD);
    };
  }
}
