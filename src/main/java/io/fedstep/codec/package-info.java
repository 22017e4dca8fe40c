/**
 * Everything with a wire form, as bytes: vectors, specs, optimizer documents, journal lines.
 *
 * <ul>
 *   <li>Any bytes give a value or a refusal that names the place: {@code DecodersFuzzTest}.
 *   <li>What is written reads as the same value: {@code StateDocumentTest}, {@code SpecCodecTest}.
 *   <li>No text depends on language, zone or clock: {@code JsonBodyTest}, and all tests, which run
 *       elsewhere.
 * </ul>
 */
@NullMarked
package io.fedstep.codec;

import org.jspecify.annotations.NullMarked;
