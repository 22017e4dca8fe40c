package io.fedstep.plugin;

import org.jspecify.annotations.Nullable;

/**
 * A setting of a plug-in.
 *
 * @param key its name in a spec
 * @param value a {@code Double}, {@code Long}, {@code Integer}, {@code Boolean} or {@link Rate}, or
 *     null
 */
public record Setting(String key, @Nullable Object value) {}
