package io.fedstep.bench;

import java.util.Locale;

/** What a figure counts. */
enum Unit {
  BYTES("%.2f GB/s", 1e-9, true),
  UPDATES("%,.0f/s", 1, true),
  VALUES("%.2f M values/s", 1e-6, true),
  SECONDS("%.3f s", 1, false),
  MEGABYTES("%.1f MB", 1, false),
  COUNT("%,.2f", 1, false);

  private final String format;
  private final double scale;
  private final boolean moreIsBetter;

  Unit(String format, double scale, boolean moreIsBetter) {
    this.format = format;
    this.scale = scale;
    this.moreIsBetter = moreIsBetter;
  }

  boolean moreIsBetter() {
    return moreIsBetter;
  }

  String show(double value) {
    return String.format(Locale.ROOT, format, value * scale);
  }
}
