package io.fedstep.coordinator;

/** How a version is named in an address. */
public sealed interface VersionAddress {
  /** By its number. */
  record Numbered(long number) implements VersionAddress {}

  /** By its tag. */
  record Tagged(String tag) implements VersionAddress {}

  /** Whichever is the newest. */
  record Newest() implements VersionAddress {}
}
