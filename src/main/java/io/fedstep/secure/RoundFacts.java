package io.fedstep.secure;

import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What everybody in a round knows and means alike.
 *
 * @param base the tag of the weights that the round trains from
 * @param parameters how many coordinates they have
 * @param weights SHA-256 of them, little-endian
 * @param bits of a coordinate's word
 * @param minUpdates with fewer members no stage ends
 * @param noise which each member adds a share of, or null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record RoundFacts(
    String model,
    long round,
    String base,
    long parameters,
    byte[] weights,
    int bits,
    int fractionBits,
    double clip,
    long maxWeight,
    List<String> metrics,
    int minUpdates,
    @Nullable MemberNoise noise) {
  /** The places of a member's words. */
  public BodyForm form() {
    return new BodyForm(parameters, bits, metrics.size());
  }

  /** The grid of a member's values. */
  public Quantizer quantizer() {
    return new Quantizer(clip, fractionBits);
  }

  /** The lines that are hashed to a round's tag, but for those of the members. */
  String lines(int threshold) {
    String lines =
        """
        fedstep-secure-1
        model=%s
        round=%s
        base=%s
        parameters=%s
        weights=%s
        bits=%s
        fraction_bits=%s
        clip=%s
        max_weight=%s
        metrics=%s
        threshold=%s
        """
            .formatted(
                model,
                Long.toString(round),
                base,
                Long.toString(parameters),
                HexFormat.of().formatHex(weights),
                Integer.toString(bits),
                Integer.toString(fractionBits),
                hex(clip),
                Long.toString(maxWeight),
                String.join(",", metrics),
                Integer.toString(threshold));
    return noise == null
        ? lines
        : lines
            + """
            noise_multiplier=%s
            collusion=%s
            """
                .formatted(hex(noise.multiplier()), Integer.toString(noise.collusion()));
  }

  private static String hex(double number) {
    return HexFormat.of().toHexDigits(Double.doubleToLongBits(number));
  }
}
